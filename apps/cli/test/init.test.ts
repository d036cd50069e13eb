import {
  access,
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { giveToOrdinaryUser, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser, shell } from './muse.js';

describe('muse init', () => {
  it('makes .muse, its cache directory and a starter .museignore, and says so', async () => {
    await using directory = tempDir();
    const run = await muse(['init'], { cwd: directory.path });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(lines(run.stdout)[0]).toBe(`Initialized ${directory.path}/.muse`);
    expect((await readdir(directory.path)).sort()).toEqual(['.muse', '.museignore']);
    expect((await readdir(join(directory.path, '.muse'))).sort()).toEqual(['.gitignore', 'cache']);
    expect(await readFile(join(directory.path, '.muse/.gitignore'), 'utf8')).toBe('/*\n');
  });

  it.runIf(process.platform === 'linux')(
    'makes nothing, nor do those after it, that others may write to, whatever the umask',
    async () => {
      await using directory = tempDir();
      const { path } = directory;
      const commands =
        'umask 000; muse init && echo a > a && sleep 0.1 && muse snapshot --save && muse snapshot';
      const run = await shell(`${commands}; find .muse .museignore -printf '%04m %P\\n'`, { cwd: path });
      expect(run).toMatchObject({ code: 0 });
      const made = lines(run.stdout).filter((line) => /^0\d{3} /.test(line));
      expect(made.length).toBeGreaterThan(6);
      expect(made.filter((line) => !/^0(?:644|755) /.test(line))).toEqual([]);
    },
  );

  it('keeps what it makes for itself out of git', async () => {
    await using directory = tempDir();
    const run = await shell(
      'git init -q && muse init && muse snapshot --save -q && git add -A && git ls-files',
      {
        cwd: directory.path,
      },
    );
    expect(lines(run.stdout).at(-1)).toBe('.museignore');
    expect(run.stdout.toString()).not.toMatch(/^\.muse\//m);
  });

  it.each(['', '.', 'a/b'])('says that %j leaves the tree around it, and how to go back', async (below) => {
    await using directory = tempDir();
    await muse(['init'], { cwd: directory.path });
    await mkdir(join(directory.path, "it's"));
    const run = await muse(['init', below || directory.path.concat("/it's")], {
      cwd: join(directory.path, "it's"),
    });
    expect(run.code).toBe(0);
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: warning: this was part of the tree at /),
    ]);
    expect(run.stderr).toContain(` the tree at ${directory.path}, `);
    const [, back = ''] = /run this: (.*)\n$/.exec(run.stderr) ?? [];
    await shell(back);
    expect(await readdir(join(directory.path, "it's", below === 'a/b' ? below : ''))).not.toContain('.muse');
    expect((await muse(['snapshot', '-q', directory.path])).code).toBe(0);
  });

  it('says nothing of that the second time, or where there is no tree around it', async () => {
    await using directory = tempDir();
    await mkdir(join(directory.path, 'a'));
    expect((await muse(['init', 'a'], { cwd: directory.path })).stderr).toBe('');
    expect((await muse(['init'], { cwd: directory.path })).stderr).toBe('');
    expect((await muse(['init', 'a'], { cwd: directory.path })).stderr).toBe('');
  });

  it('writes a .museignore in which every pattern is commented out', async () => {
    await using directory = tempDir();
    await muse(['init', directory.path]);
    const text = await readFile(join(directory.path, '.museignore'), 'utf8');
    expect(lines(text).filter((line) => /['"]/.test(line) && !/^\s*#/.test(line))).toEqual([]);
    expect(text).toContain('patterns = [');
  });

  it('makes the directory, with its parents', async () => {
    await using directory = tempDir();
    const run = await muse(['init', 'a/b'], { cwd: directory.path });
    expect(run.code).toBe(0);
    await access(join(directory.path, 'a/b/.muse/cache'));
  });

  it('does no harm when it runs twice, and says so', async () => {
    await using directory = tempDir();
    await muse(['init'], { cwd: directory.path });
    await writeFile(join(directory.path, '.museignore'), '# mine\n');
    await writeFile(join(directory.path, '.muse/cache/kept'), 'x');
    await writeFile(join(directory.path, '.muse/.gitignore'), '!mine\n');
    const run = await muse(['init'], { cwd: directory.path });
    expect(run.stdout.toString()).toBe(`Already initialized: ${directory.path}/.muse\n`);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(join(directory.path, '.museignore'), 'utf8')).toBe('# mine\n');
    expect(await readFile(join(directory.path, '.muse/.gitignore'), 'utf8')).toBe('!mine\n');
    await access(join(directory.path, '.muse/cache/kept'));
  });

  it('completes what is there in part', async () => {
    await using directory = tempDir();
    await mkdir(join(directory.path, '.muse'));
    const run = await muse(['init'], { cwd: directory.path });
    expect(run.code).toBe(0);
    await access(join(directory.path, '.muse/cache'));
    await access(join(directory.path, '.museignore'));
  });

  it('leaves a .museignore alone that is a link to nowhere', async () => {
    await using directory = tempDir();
    await symlink('nowhere', join(directory.path, '.museignore'));
    expect((await muse(['init'], { cwd: directory.path })).code).toBe(0);
    expect(await readlink(join(directory.path, '.museignore'))).toBe('nowhere');
  });

  it('shows the directory that a link leads to', async () => {
    await using directory = tempDir();
    await mkdir(join(directory.path, 'real'));
    await symlink('real', join(directory.path, 'link'));
    const run = await muse(['init', 'link'], { cwd: directory.path });
    expect(lines(run.stdout)[0]).toBe(`Initialized ${directory.path}/real/.muse`);
  });

  it.runIf(process.platform === 'linux')('takes a directory whose name is not UTF-8', async () => {
    await using directory = tempDir();
    const run = await shell(`muse init "$(printf 'd\\377')" && ls -A d*`, { cwd: directory.path });
    expect(run.stdout.includes(Buffer.of(0x64, 0xff, 0x2f, 0x2e))).toBe(true);
    expect(lines(run.stdout.toString('latin1')).slice(-2)).toEqual(['.muse', '.museignore']);
  });
});

describe('muse init refuses', () => {
  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a .muse that is a file', (path) => writeFile(join(path, '.muse'), 'x')],
    ['a .muse that is a link', (path) => symlink('elsewhere', join(path, '.muse'))],
    [
      'a .muse/cache that is a file',
      (path) => mkdir(join(path, '.muse')).then(() => writeFile(join(path, '.muse/cache'), 'x')),
    ],
    [
      'a .muse/cache that is a link',
      (path) => mkdir(join(path, '.muse')).then(() => symlink('..', join(path, '.muse/cache'))),
    ],
  ])('%s', async (_case, prepare) => {
    await using directory = tempDir();
    await mkdir(join(directory.path, 'elsewhere'));
    await prepare(directory.path);
    const run = await muse(['init'], { cwd: directory.path });
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: cannot use .*\.muse.*; move it away/)]);
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(await readdir(join(directory.path, 'elsewhere'))).toEqual([]);
  });

  it('a path through a file', async () => {
    await using directory = tempDir();
    await writeFile(join(directory.path, 'file'), 'x');
    const run = await muse(['init', 'file/below'], { cwd: directory.path });
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot make file\/below: not a directory \(ENOTDIR\)/),
    ]);
    expect(run.code).toBe(4);
    expect((await lstat(join(directory.path, 'file'))).isFile()).toBe(true);
  });

  it.skipIf(noOrdinaryUser)('a directory that cannot be written to', async () => {
    await using directory = tempDir();
    const user = await giveToOrdinaryUser(directory.path);
    await chmod(directory.path, 0o555);
    const run = await muse(['init', directory.path], { ordinary: true, cwd: '/' });
    expect(user.uid).not.toBe(0);
    expect(run.stderr).toMatch(/^muse: cannot make .*\.muse: permission denied \(EACCES\); /);
    expect(run.code).toBe(4);
    await chmod(directory.path, 0o755);
  });
});
