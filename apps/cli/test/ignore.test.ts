import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToOrdinaryUser, makeTree, removeTree, symlink, type TreeSpec } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { lines, muse, noOrdinaryUser, shell } from './muse.js';

let root: string;

beforeAll(async () => {
  root = await makeTree({
    '.museignore': "[global]\npatterns = ['!keep.o']\n",
    '.gitignore': '*.o\n',
    'one.toml': "[global]\npatterns = ['*.c']\n",
    'two.toml': "[global]\npatterns = ['!b.c', '*.toml']\n",
    'git-style': '*.c\n',
    'src/.gitignore': 'c.c\n',
    src: { 'a.c': 'a', 'b.c': 'b', 'c.c': 'c', 'a.o': 'o', 'keep.o': 'k' },
  });
});

afterAll(() => removeTree(root));

const filesOf = (stdout: Buffer) =>
  Object.keys((JSON.parse(stdout.toString()) as { manifest: object }).manifest);

describe('muse snapshot with --gitignore and --ignore-file', () => {
  it.each([
    [
      ['--gitignore'],
      ['git-style', 'one.toml', 'src/.gitignore', 'src/a.c', 'src/b.c', 'src/keep.o', 'two.toml'],
    ],
    [
      ['--ignore-file', 'one.toml', '--ignore-file=two.toml'],
      ['git-style', 'src/.gitignore', 'src/a.o', 'src/b.c', 'src/keep.o'],
    ],
    [
      ['--gitignore', '--ignore-file', 'one.toml', '--ignore-file', 'two.toml'],
      ['git-style', 'src/.gitignore', 'src/b.c', 'src/keep.o'],
    ],
  ])('%j', async (args, files) => {
    const run = await muse(['snapshot', '--json', ...args], { cwd: root });
    expect(filesOf(run.stdout)).toEqual(['.gitignore', '.museignore', ...files]);
    expect(run.code).toBe(0);
  });

  it.each([
    ['absent.toml', 'there is no such file'],
    ['git-style', 'line 1, column 1'],
  ])('refuses --ignore-file %s in one line', async (file, reason) => {
    for (const command of [['snapshot'], ['verify'], ['explain', 'src']]) {
      const run = await muse([...command, '--ignore-file', file], { cwd: root });
      expect(lines(run.stderr)).toEqual([
        expect.stringContaining(`cannot read ignore rules from "${file}": ${reason}`),
      ]);
      expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
    }
    const run = await muse(['snapshot', '--ignore-file', ''], { cwd: root });
    expect(run.code).toBe(2);
  });

  it('warns of a .gitignore that is a link, as git does', async () => {
    const other = await makeTree({ 'd/.gitignore': symlink('../all'), all: '*\n', 'd/x': '' });
    const run = await muse(['snapshot', '--gitignore', other]);
    expect(run.stderr).toMatch(/^muse: warning: Took no patterns from ".*\/d\/\.gitignore": /);
    expect(run.code).toBe(0);
    await removeTree(other);
  });
});

describe.skipIf(noOrdinaryUser)('muse snapshot with a .gitignore that may not be read', () => {
  it('names it, and exits with 3', async () => {
    const other = await makeTree({ 'd/.gitignore': '*\n', 'd/x': '' });
    await giveToOrdinaryUser(other);
    await chmod(join(other, 'd/.gitignore'), 0);
    const run = await muse(['snapshot', '--gitignore', '--json', other], { ordinary: true, cwd: '/' });
    const problem = { path: 'd/.gitignore', kind: 'unreadable', operation: 'open', code: 'EACCES' };
    expect(JSON.parse(run.stdout.toString())).toMatchObject({ files: 1, problems: [problem] });
    expect(lines(run.stderr)[0]).toMatch(/^muse: d\/\.gitignore: cannot open: permission denied \(EACCES\)/);
    expect(run.code).toBe(3);
    await removeTree(other);
  });
});

describe.skipIf(noOrdinaryUser)('muse snapshot with an entry that cannot be looked at', () => {
  it('leaves it out by what the listing says that it is, and explains that', async () => {
    const other = await makeTree({
      '.museignore': "[global]\npatterns = ['mnt/', '!file']\n",
      'locked/mnt/x': '',
      'locked/file': '',
    });
    await giveToOrdinaryUser(other);
    await chmod(join(other, 'locked'), 0o444);
    const run = await muse(['snapshot', '--json', other], { ordinary: true, cwd: '/' });
    expect(JSON.parse(run.stdout.toString())).toMatchObject({
      problems: [{ path: 'locked/file', code: 'EACCES' }],
      stats: { left_out: { ignored: 1 } },
    });
    const explained = await muse(['explain', 'locked/mnt'], { ordinary: true, cwd: other });
    expect(lines(explained.stdout)[1]).toMatch(/^ {2}ignored: the pattern 'mnt\/' in \[global\], line 2 of /);
    await chmod(join(other, 'locked'), 0o755);
    await removeTree(other);
  });
});

describe('muse verify with --gitignore and --ignore-file', () => {
  it('reads what a snapshot with them holds', async () => {
    const args = ['--gitignore', '--ignore-file', 'one.toml'];
    await muse(['init'], { cwd: root });
    await muse(['snapshot', ...args], { cwd: root });
    const run = await muse(['verify', '--json', ...args], { cwd: root });
    await rm(join(root, '.muse'), { recursive: true });
    expect(JSON.parse(run.stdout.toString())).toMatchObject({ files: 7, uncached: 0 });
  });
});

describe('muse explain with --gitignore and --ignore-file', () => {
  it('names the rule, and the file and line that it stands in', async () => {
    const args = ['--gitignore', '--ignore-file', 'one.toml', 'src/a.o', 'src/a.c', 'src/c.c', 'src/keep.o'];
    const run = await muse(['explain', ...args], { cwd: root });
    expect(lines(run.stdout)).toEqual([
      'src/a.o',
      `  ignored: the pattern '*.o', line 1 of ${join(root, '.gitignore')}`,
      '',
      'src/a.c',
      "  ignored: the pattern '*.c' in [global], line 2 of one.toml",
      '',
      'src/c.c',
      "  ignored: the pattern '*.c' in [global], line 2 of one.toml",
      '',
      'src/keep.o',
      '  miss (new): it is not in the cache, so it is read',
    ]);
    const json = await muse(['explain', '--json', '--gitignore', 'src/c.c'], { cwd: root });
    expect(JSON.parse(json.stdout.toString())).toMatchObject({
      explanations: [
        { outcome: 'ignored', rule: { pattern: 'c.c', line: 1, file: join(root, 'src/.gitignore') } },
      ],
    });
  });
});

describe('muse snapshot with rules in several places', () => {
  const made = async (spec: TreeSpec) => {
    const directory = await makeTree(spec);
    onTestFinished(() => removeTree(directory));
    return directory;
  };

  it('takes back in what .museignore leaves out, by a file or by --exclude', async () => {
    const directory = await made({
      '.museignore': "[global]\npatterns = ['/*']\n",
      'in.toml': "[global]\npatterns = ['!/scripts/']\n",
      'scripts/a': '',
      'data/x': '',
    });
    for (const args of [
      ['--ignore-file', 'in.toml'],
      ['--exclude', '!/scripts/'],
    ]) {
      const run = await muse(['snapshot', '--json', ...args], { cwd: directory });
      expect(filesOf(run.stdout)).toEqual(['scripts/a']);
    }
    const run = await muse(['snapshot', '--json', '--no-ignore', '--ignore-file', 'absent'], {
      cwd: directory,
    });
    expect(filesOf(run.stdout)).toEqual(['.museignore', 'data/x', 'in.toml', 'scripts/a']);
  });

  it('names the pattern of --exclude that leaves a path out, or cannot be used', async () => {
    const directory = await made({ 'a.o': '' });
    const explained = await muse(['explain', '--exclude', '*.o', 'a.o'], { cwd: directory });
    expect(lines(explained.stdout)[1]).toBe("  ignored: the pattern '*.o' given with --exclude");
    const long = await muse(['snapshot', '--exclude', 'x'.repeat(5000)], { cwd: directory });
    expect(long.code).toBe(2);
    expect(lines(long.stderr)).toEqual([
      expect.stringMatching(
        /^muse: cannot use --exclude "x{60}…": a pattern may have 4096 bytes, and this one has 5000/,
      ),
    ]);
  });

  it('answers at once, whatever the patterns', async () => {
    const directory = await made({
      '.museignore': `[global]\npatterns = ['${'a/**/'.repeat(14)}c*y']\n`,
      '.gitignore': `${'*a\n'.repeat(5000)}!*a\n`,
      [`${'a/'.repeat(40)}a`]: '',
    });
    const run = await shell('ulimit -t 10; muse snapshot --json --gitignore', { cwd: directory });
    expect(filesOf(run.stdout)).toHaveLength(3);
  });

  it.each([
    [
      "patterns = ['*.o']",
      'line 1, column 1: "patterns" belongs in a table: write [global] on a line above it',
    ],
    ["[globl]\npatterns = ['*.o']", 'line 1, column 1: there is no table [globl]: '],
    [
      "[global]\npattern = ['*.o']",
      'line 2, column 1: [global] has no key "pattern"; write [global] and below it',
    ],
    [
      '# built\n*.o\n',
      'line 2, column 1: this line is one of a .gitignore, but the file is TOML: write [global]',
    ],
    ['[global]\npatterns = "*.o"', 'line 2, column 1: "patterns" in [global] must be an array of strings'],
  ])('refuses the .museignore %j in one line, and shows the right way', async (text, reason) => {
    const directory = await made({ '.museignore': text });
    const run = await muse(['snapshot', directory]);
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
    expect(lines(run.stderr)).toEqual([expect.stringContaining(`/.museignore": ${reason}`)]);
  });
});
