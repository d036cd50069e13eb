import { spawnSync } from 'node:child_process';
import { appendFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toNativePath, treePathFromBytes } from '@muse/paths';
import { hostileNames, makeTree, sha256Id, tempDir, type TempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, shell, type Run } from './muse.js';

const spec = { tree: { a: 'a', gone: 'gone', moved: 'moved', empty: '', d: { e: 'e' } } };

/** The lines of sha256sum for those files. */
const list = ['a', 'gone', 'moved', 'empty', 'd/e']
  .map((path) => `${digestOf(path === 'empty' ? '' : (path.split('/').pop() ?? ''))}  ${path}\n`)
  .join('');

function digestOf(content: string): string {
  return sha256Id(content).slice('sha256:'.length);
}

async function treeWithList(text: string | Uint8Array = list): Promise<TempDir> {
  const directory = tempDir();
  await makeTree(spec, directory.path);
  await writeFile(join(directory.path, 'SHA256SUMS'), text);
  return directory;
}

const against = (directory: TempDir, ...args: string[]): Promise<Run> =>
  muse(['verify', '--against', 'SHA256SUMS', 'tree', ...args], { cwd: directory.path });

describe('muse verify --against a list of sha256sum', () => {
  it('tells changed, missing, moved and new files', async () => {
    await using directory = await treeWithList();
    const file = (path: string): string => join(directory.path, 'tree', path);
    expect(await against(directory, '--strict', '-q')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: Buffer.alloc(0),
    });
    await writeFile(file('new'), 'new');
    expect(await against(directory)).toMatchObject({ code: 0, stdout: Buffer.from('new       new\n') });
    expect(await against(directory, '--strict')).toMatchObject({ code: 1 });
    await appendFile(file('a'), 'b');
    await rm(file('gone'));
    await rename(file('moved'), file('d/here'));
    await rename(file('empty'), file('d/nothing'));
    const run = await against(directory);
    expect(lines(run.stdout)).toEqual([
      'changed   a',
      'missing   empty',
      'missing   gone',
      'moved     moved -> d/here',
      'new       d/nothing',
      'new       new',
    ]);
    expect(run.stderr).toMatch(/^5 files · \d+ B · 1 changed, 2 missing, 1 moved, 2 new · /);
    expect(run.code).toBe(1);
    const json = await against(directory, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout.toString())).toMatchObject({
      complete: true,
      against: { name: 'SHA256SUMS', files: 5, complete: true },
      changed: [{ path: 'a', before: sha256Id('a'), after: sha256Id('ab') }],
      missing: [{ path: 'empty' }, { path: 'gone' }],
      moved: [{ from: 'moved', to: 'd/here' }],
      new: [{ path: 'd/nothing' }, { path: 'new' }],
      unknown: [],
      unread: [],
    });
  });

  it('exits with 1 for each kind alone', async () => {
    for (const [path, to] of [['a'], ['gone', 'elsewhere']] as const) {
      await using directory = await treeWithList();
      const file = join(directory.path, 'tree', path);
      if (to === undefined) await writeFile(file, 'other');
      else await rename(file, join(directory.path, 'tree', to));
      expect((await against(directory, '-q')).code).toBe(1);
    }
    await using directory = await treeWithList();
    await rm(join(directory.path, 'tree/gone'));
    expect((await against(directory, '-q')).code).toBe(1);
  });

  it('reads it on stdin, and names of a directory from there, wherever .muse is', async () => {
    await using directory = await treeWithList();
    await makeTree({ '.muse': {} }, directory.path);
    const run = await muse(['verify', '--strict', '-q', '--against', '-', 'tree'], {
      cwd: directory.path,
      input: list,
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const part = await muse(['verify', '--strict', '-q', '--against', '-', 'tree/d'], {
      cwd: directory.path,
      input: `SHA256 (./e) = ${digestOf('e')}\r\n`,
    });
    expect(part).toMatchObject({ code: 0, stderr: '', stdout: Buffer.alloc(0) });
  });

  it.each([
    ['nothing', ''],
    ['comments alone', '# none\n\n'],
  ])('fails where the list has %s', async (_what, text) => {
    await using directory = await treeWithList(text);
    const run = await against(directory, '-q');
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(run.stderr).toBe(
      'muse: cannot read the list SHA256SUMS: it names no file, so there is nothing to compare with\n',
    );
  });

  it.each([
    [
      'a path outside',
      `${list}${digestOf('x')}  ../SHA256SUMS\n`,
      /: in line 6: the name "\.\.\/SHA256SUMS" cannot be used: segment "\.\." must be/,
    ],
    ['an absolute path', `${digestOf('x')}  /etc/passwd\n`, /: in line 1: .* it is absolute/],
    ['a digest of another kind', `${'0'.repeat(40)}  a\n`, /: in line 1: its digest has 40 hex digits/],
    ['a line cut short', list.slice(0, 40), /: in line 1: it must be 'digest {2}name'/],
    ['two digests for a file', `${list}${digestOf('x')}  ./a\n`, /: in line 6: "a" is there for the second/],
    [
      'text',
      'hello\n',
      /^muse: cannot read the list SHA256SUMS: in line 1: it must be .*; use what sha256sum/,
    ],
    ['control characters', `\\${digestOf('x')}  \\\x1b\n`, /in line 1: its name has the escape \\\\x1b, and/],
  ])('fails in one line where the list has %s', async (_what, text, message) => {
    await using directory = await treeWithList(text);
    const run = await against(directory);
    expect(lines(run.stderr)).toEqual([expect.stringMatching(message)]);
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('names what a rule leaves out, and compares it or not as it is told', async () => {
    await using directory = await treeWithList(`${list}${digestOf('h')}  .git/HEAD\n`);
    const { path } = directory;
    await makeTree({ tree: { '.git': { HEAD: 'h' }, '.museignore': "[global]\npatterns = ['a']\n" } }, path);
    await writeFile(join(path, 'tree/b'), 'a');
    const run = await against(directory);
    expect(run).toMatchObject({ code: 3, stdout: Buffer.from('new       .museignore\nnew       b\n') });
    const [first = '', second = '', summary = '', hint = ''] = lines(run.stderr);
    expect([first, second]).toEqual([
      'muse: .git/HEAD: not compared: belongs to Muse or git, not to the tree around it',
      `muse: a: not compared: left out by the pattern 'a' in [global], line 2 of ${path}/tree/.museignore`,
    ]);
    expect(summary).toContain(' · 2 new, 2 not compared · ');
    expect(hint).toMatch(/^muse: hint: --no-ignore compares .*, --exclude leaves it out on both sides$/);
    const all = await against(directory, '--no-ignore');
    expect(lines(all.stderr)[0]).toContain('muse: .git/HEAD: not compared: belongs to');
    expect(all).toMatchObject({ code: 3, stdout: run.stdout });
    const wanted = await against(directory, '--exclude', '.git', '--exclude', '/a');
    expect(wanted.stderr).toMatch(/^--exclude leaves out 2 of 6 files in SHA256SUMS$/m);
    expect(wanted.code).toBe(0);
    const none = await against(directory, '--exclude', '*');
    expect(none).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(none.stderr).toMatch(/^muse: cannot verify tree: SHA256SUMS has no file there to compare with$/m);
  });

  it('names a directory once, however many of its files a rule leaves out, and no more than fifty', async () => {
    const at = (path: string): string => `${digestOf('x')}  ${path}\n`;
    const numbers = Array.from({ length: 60 }, (_, index) => index);
    const names = numbers.flatMap((index) => [
      `.git/${index}`,
      `out/${index}`,
      `${index}.log`,
      `d/${index}/.muse/x`,
    ]);
    await using directory = await treeWithList(list + names.map(at).join(''));
    const logs = Object.fromEntries(numbers.map((index) => [`${index}.log`, 'x']));
    const out = Object.fromEntries(numbers.map((index) => [`${index}`, 'x']));
    const rules = "[global]\npatterns = ['out/', '*.log']\n";
    await makeTree({ tree: { ...logs, out, '.museignore': rules } }, directory.path);
    const run = await against(directory);
    expect(run.code).toBe(3);
    const told = lines(run.stderr);
    expect(told[0]).toBe(
      'muse: .git: 60 files not compared: belongs to Muse or git, not to the tree around it',
    );
    expect(told[1]).toBe(
      `muse: 0.log: not compared: left out by the pattern '*.log' in [global], line 2 of ${directory.path}/tree/.museignore`,
    );
    expect(told[50]).toBe('muse: and 131 more files; --json lists them all');
    const some = await against(directory, '--exclude', '*.log', '--exclude', '/d/');
    expect(lines(some.stderr).slice(1, 3)).toEqual([
      'muse: .git: 60 files not compared: belongs to Muse or git, not to the tree around it',
      expect.stringMatching(/^muse: out: 60 files not compared: left out by the pattern 'out\/'/),
    ]);
  });

  it('takes a name of a million directories for one that is missing', async () => {
    const deep = `${'d/'.repeat(1_000_000)}x`;
    await using directory = await treeWithList(`${list}${digestOf('x')}  ${deep}\n`);
    for (const more of [[], ['--exclude', 'nothing'], ['--no-ignore']]) {
      const run = await against(directory, ...more);
      expect(lines(run.stdout)).toEqual([`missing   ${deep}`]);
      expect(run.code).toBe(1);
    }
    expect(await against(directory, '--exclude', '/d/d/d/')).toMatchObject({
      code: 0,
      stdout: Buffer.alloc(0),
    });
  });

  it('follows no link that the list names', async () => {
    await using directory = await treeWithList(`${digestOf('secret')}  link\n${digestOf('secret')}  up/s\n`);
    await writeFile(join(directory.path, 's'), 'secret');
    await symlink('../s', join(directory.path, 'tree/link'));
    await symlink('..', join(directory.path, 'tree/up'));
    const run = await against(directory);
    expect(lines(run.stdout).slice(0, 2)).toEqual(['missing   link', 'missing   up/s']);
    expect(run.stderr).toMatch(
      /^muse: hint: link leads over a symbolic link, which is not followed \(and 1 more\)$/m,
    );
    expect(run.code).toBe(1);
  });

  it('says so where no name in the list is one of a file', async () => {
    await using directory = await treeWithList();
    const hint = /^muse: hint: no name in SHA256SUMS is one of a file here; they are looked for in the/m;
    const cwd = directory.path;
    const above = await muse(['verify', '--against', 'SHA256SUMS', '.'], { cwd });
    expect(above.code).toBe(1);
    expect(above.stderr).toMatch(hint);
    await rm(join(cwd, 'tree/a'));
    expect((await against(directory)).stderr).not.toMatch(hint);
  });

  it('says so where the list is in the tree itself', async () => {
    await using directory = await treeWithList();
    const { path } = directory;
    await rename(join(path, 'SHA256SUMS'), join(path, 'tree/SHA256SUMS'));
    const run = (...args: string[]): Promise<Run> =>
      muse(['verify', '--strict', '--against', 'SHA256SUMS', ...args], { cwd: join(path, 'tree') });
    const found = await run();
    expect(found).toMatchObject({ code: 1, stdout: Buffer.from('new       SHA256SUMS\n') });
    expect(found.stderr).toMatch(/hint: SHA256SUMS is inside the tree .*; --exclude leaves it out$/m);
    expect(await run('--exclude', 'SHA256SUMS')).toMatchObject({ code: 0 });
  });

  it('reads a sample of what it names', async () => {
    await using directory = await treeWithList();
    await rm(join(directory.path, 'tree/gone'));
    const run = await against(directory, '--sample', '0.0001%');
    expect(lines(run.stdout)).toEqual(['missing   gone']);
    expect(run.stderr).toMatch(/^1 of 4 files · /);
  });
});

describe('a list of sha256sum as a snapshot', () => {
  it('can be shown, and compared by diff', async () => {
    await using directory = await treeWithList();
    const { path } = directory;
    await writeFile(join(path, 'tree/a'), 'b');
    const diff = await muse(['diff', 'SHA256SUMS', 'tree'], { cwd: path });
    expect(diff).toMatchObject({ code: 0, stdout: Buffer.from('modified  a\n') });
    const shown = await muse(['show', '-'], { cwd: path, input: list });
    expect(lines(shown.stdout)).toContain('files     5');
  });
});

describe.skipIf(spawnSync('sha256sum', ['--version']).status !== 0)('muse beside the real sha256sum', () => {
  it.each(['', '--binary', '--tag'])('agrees about hostile names, in the form of %j', async (form) => {
    await using directory = tempDir();
    await makeTree({ tree: { d: {} } }, directory.path);
    const tree = join(directory.path, 'tree');
    for (const [index, name] of hostileNames.entries()) {
      const path = `${index % 2 === 0 ? '' : 'd/'}${treePathFromBytes(name)}`;
      await writeFile(toNativePath(tree, path), name);
    }
    const check = (command: string): Promise<Run> =>
      shell(`(cd tree && find . -type f -print0 | xargs -0 sha256sum ${form}) > list; ${command}`, {
        cwd: directory.path,
      });
    expect(await check('muse verify -q --strict --against list tree')).toMatchObject({ code: 0, stderr: '' });
    expect(await check('muse verify -q --strict --against - tree < list')).toMatchObject({ code: 0 });
    const back = await check(
      'muse snapshot -q --format sha256sum tree > ours && muse diff --exit-code list ours && cd tree && sha256sum --check --quiet --strict ../ours',
    );
    expect(back).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
  });
});
