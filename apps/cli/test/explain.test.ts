import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fifo, giveToOrdinaryUser, makeTree, removeTree, symlink, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser, noTerminal, onTerminal, shell } from './muse.js';

const linux = process.platform === 'linux';
let root: string;

beforeAll(async () => {
  root = await makeTree({
    '.muse/cache': {},
    '.museignore': "[global]\npatterns = ['/build/']\n",
    src: { 'same.c': 'a', 'touched.c': 'b' },
    'build/out.o': '',
    link: symlink('src'),
    pipe: fifo(),
  });
  await muse(['snapshot', root]);
  await utimes(join(root, 'src/touched.c'), 1, 1);
  await writeFile(join(root, 'new'), 'new');
});

afterAll(() => removeTree(root));

describe('muse explain', () => {
  it('prints a block for each path, under the name that was typed', async () => {
    const run = await muse(['explain', './src/same.c', 'src/touched.c', join(root, 'new')], { cwd: root });
    expect(lines(run.stdout)).toEqual([
      './src/same.c',
      '  hit: its stat matches the cache, so it is not read',
      '  sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
      '',
      'src/touched.c',
      '  miss (mtime): its modification time (mtime) differs from the cache, so it is read again',
      expect.stringMatching(/^ {2}cached {2}20\d\d-.*\.\d{9}Z$/),
      '  now     1970-01-01T00:00:01.000000000Z',
      '',
      join(root, 'new'),
      '  miss (new): it is not in the cache, so it is read',
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it('says what leaves a path out, and where', async () => {
    const names = ['../build/out.o', '../link/same.c', '../pipe', '../.muse', '.'];
    const run = await muse(['explain', ...names], { cwd: join(root, 'src') });
    expect(run.stdout.toString().split('\n\n')).toEqual([
      `../build/out.o\n  ignored: the pattern '/build/' in [global], line 2 of ${join(root, '.museignore')}\n  decided at build, above it`,
      '../link/same.c\n  special: a symbolic link is neither listed nor followed\n  decided at link, above it',
      '../pipe\n  special: a named pipe is neither listed nor opened',
      '../.muse\n  reserved: everything with this name is left out',
      '.\n  directory: a snapshot holds the files in it, not the directory itself\n',
    ]);
    expect(run.code).toBe(0);
  });

  it('finds the root above the path, wherever it is called from', async () => {
    const inside = await muse(['explain', 'same.c'], { cwd: join(root, 'src') });
    const outside = await muse(['explain', join(root, 'src/same.c')], { cwd: '/' });
    expect(lines(inside.stdout)[1]).toMatch(/hit/);
    expect(lines(outside.stdout)[1]).toMatch(/hit/);
  });

  it('takes the current directory for the root where there is no .muse', async () => {
    await using directory = tempDir();
    await makeTree({ here: { a: '' }, there: '' }, directory.path);
    const cwd = join(directory.path, 'here');
    const run = await muse(['explain', 'a'], { cwd });
    expect(run.stdout.toString()).toContain('miss (new)');
    const outside = await muse(['explain', 'a', '../there'], { cwd });
    expect(lines(outside.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot explain \.\.\/there: it is not below the current directory, /),
    ]);
    expect(outside).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
  });

  it('exits with 4 when a path is absent, and explains the others', async () => {
    const run = await muse(['explain', 'gone/x', 'new'], { cwd: root });
    expect(run.stdout.toString()).toBe(
      'gone/x\n  absent: there is no such file or directory\n  decided at gone, above it\n\n' +
        'new\n  miss (new): it is not in the cache, so it is read\n',
    );
    expect(run.code).toBe(4);
  });

  it('prints one document with --json', async () => {
    const run = await muse(['explain', '--json', 'touched.c', '../build/out.o', 'x'], {
      cwd: join(root, 'src'),
    });
    const rule = { pattern: '/build/', table: 'global', line: 2, file: join(root, '.museignore') };
    expect(JSON.parse(run.stdout.toString())).toEqual({
      version: 1,
      explanations: [
        {
          name: 'touched.c',
          root,
          path: 'src/touched.c',
          outcome: 'miss',
          reason: 'mtime',
          before: expect.stringMatching(/^\d{10}\.\d{9}$/) as string,
          after: '1.000000000',
        },
        { name: '../build/out.o', root, path: 'build/out.o', outcome: 'ignored', at: 'build', rule },
        { name: 'x', root, path: 'src/x', outcome: 'absent', at: 'src/x' },
      ],
    });
    expect(run.code).toBe(4);
  });

  it('says that a cache is of no use', async () => {
    await using directory = tempDir();
    await makeTree({ '.muse/cache/stat.json': '{"version":2}', a: '' }, directory.path);
    const run = await muse(['explain', 'a'], { cwd: directory.path });
    expect(run.stdout.toString()).toContain('miss (cache-reset): the cache cannot be used (version), ');
    expect(run.stderr).toMatch(/^muse: warning: Cannot use the stat cache/);
    expect(run.code).toBe(0);
  });

  it('fails in one line on rules that are broken', async () => {
    await using directory = tempDir();
    await makeTree({ '.museignore': '[', a: '' }, directory.path);
    const run = await muse(['explain', 'a'], { cwd: directory.path });
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: cannot read ignore rules from /)]);
    expect(run.code).toBe(2);
  });

  it.skipIf(!linux)('accepts --one-file-system', async () => {
    const args = ['explain', '--one-file-system', '--json', 'proc/version'];
    const run = await muse(args, { cwd: '/' });
    expect(run.stdout.toString()).toContain('"outcome":"outside","at":"proc"');
  });

  it.skipIf(!linux)('finds names that are not UTF-8, above the path, too', async () => {
    await using directory = tempDir();
    await mkdir(Buffer.from(`${directory.path}/d\xfe/.muse`, 'latin1'), { recursive: true });
    const run = await shell(
      `cd "$(printf 'd\\376')" && touch "$(printf 'f\\377')" && muse explain "$(printf 'f\\377')"`,
      {
        cwd: directory.path,
      },
    );
    expect(run.stdout.toString('latin1')).toBe(
      'f\xff\n  miss (new): it is not in the cache, so it is read\n',
    );
  });

  it.skipIf(noTerminal)('shows names without their control characters on a terminal', async () => {
    const run = await onTerminal(`muse explain --no-color "$(printf 'x\\033[31m')"`, { cwd: root });
    expect(run.stdout.toString()).toContain('x\\x1b[31m\r\n  absent: ');
  });
});

describe.skipIf(noOrdinaryUser)('muse explain of what may not be read', () => {
  it('says so', async () => {
    await using directory = tempDir();
    await makeTree({ '.muse': {}, secret: 's', closed: { in: 'x' }, noEntry: { in: 'x' } }, directory.path);
    await giveToOrdinaryUser(directory.path);
    await chmod(join(directory.path, 'secret'), 0);
    await chmod(join(directory.path, 'closed'), 0o300);
    await chmod(join(directory.path, 'noEntry'), 0o600);
    const run = await muse(['explain', 'secret', 'closed/in', 'closed', 'noEntry/in'], {
      ordinary: true,
      cwd: directory.path,
    });
    expect(lines(run.stdout).filter((line) => line.startsWith('  '))).toEqual([
      '  unreadable: secret: cannot open: permission denied (EACCES)',
      '  unreadable: closed: cannot list: permission denied (EACCES)',
      '  unreadable: closed: cannot list: permission denied (EACCES)',
      '  unreadable: noEntry/in: cannot look at: permission denied (EACCES)',
    ]);
    expect(run.code).toBe(0);
    await chmod(join(directory.path, 'closed'), 0o755);
    await chmod(join(directory.path, 'noEntry'), 0o755);
  });
});
