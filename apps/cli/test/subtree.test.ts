import { chmod, chown, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fifo,
  makeTree,
  oracle,
  ordinaryUser,
  symlink as linkTo,
  tempDir,
  type TempDir,
} from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, muse } from './muse.js';

const rules = "[global]\npatterns = ['/packages/foo/built/', '*.log']\n";
const packages = { foo: { a: 'a', 'b.log': 'log', built: { x: 'x' } }, bar: { c: 'c' } };

async function repository(): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ '.muse': {}, '.museignore': rules, packages, 'foo.txt': 'x' }, directory.path);
  await muse(['snapshot', '-q'], { cwd: directory.path });
  return directory;
}

describe('muse snapshot of a directory in a repository', () => {
  it('gives its id as if it stood alone, from the cache above', async () => {
    await using tree = await repository();
    await using alone = tempDir();
    await makeTree({ a: 'a' }, alone.path);
    const { id } = await oracle(alone.path);
    const cached = await readFile(join(tree.path, '.muse/cache/stat.json'));
    for (const [cwd, ...args] of [
      ['.', 'packages/foo'],
      ['.', './packages/../packages/foo/'],
      ['packages/foo'],
      ['packages/bar', '../foo'],
      ['packages/foo', join(tree.path, 'packages/foo')],
    ]) {
      const run = await muse(['snapshot', ...args], { cwd: join(tree.path, cwd ?? '.') });
      expect(run).toMatchObject({ code: 0, stdout: Buffer.from(`${id}\n`) });
      expect(run.stderr).toMatch(/^1 file · 1 B · all unchanged · [^\n]*\n$/);
    }
    expect(await readFile(join(tree.path, '.muse/cache/stat.json'))).toEqual(cached);
    await writeFile(join(tree.path, 'packages/bar/c'), 'other');
    expect((await muse(['snapshot', 'packages/foo'], { cwd: tree.path })).stdout.toString()).toBe(`${id}\n`);
  });

  it('finds it through a link, too', async () => {
    await using tree = await repository();
    await using elsewhere = tempDir();
    await symlink(join(tree.path, 'packages/foo'), join(elsewhere.path, 'link'));
    const run = await muse(['snapshot', join(elsewhere.path, 'link')]);
    expect(run.stderr).toContain('1 file · 1 B · all unchanged');
  });

  describe('where something in it is left out', () => {
    let tree: TempDir;
    beforeAll(async () => {
      tree = await repository();
      await makeTree(
        { packages: { '.git': { HEAD: 'x' }, foo: { built: { deep: { x: 'x' } } } } },
        tree.path,
      );
      await muse(['snapshot', '-q', '--save'], { cwd: tree.path });
    });
    afterAll(() => tree.remove());

    it.each([
      [
        'packages/foo/built',
        /left out: the pattern '\/packages\/foo\/built\/' in \[global\], line 2 of .*\.museignore; --no-ignore/,
      ],
      [
        'packages/foo/built/deep',
        /left out: the pattern '\/packages\/foo\/built\/' in \[global\], line 2 of /,
      ],
      ['.muse', /\.muse belongs to Muse or git, not to the tree around it$/m],
      ['packages/.git', /packages\/\.git belongs to Muse or git/],
    ])('has no id for %s, which is left out', async (directory, reason) => {
      for (const command of ['snapshot', 'status', 'verify', 'diff']) {
        const operands = command === 'diff' ? ['latest', directory] : [directory];
        const run = await muse([command, ...operands], { cwd: tree.path });
        expect(lines(run.stderr), command).toEqual([expect.stringMatching(reason)]);
        expect(run, command).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
      }
      const inside = await muse(['snapshot'], { cwd: join(tree.path, directory) });
      expect(inside).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
      const explained = await muse(['explain', directory], { cwd: tree.path });
      expect(explained.code).toBe(0);
      const ignored = directory.includes('built');
      expect(lines(explained.stdout)[1]).toMatch(ignored ? /ignored: the pattern/ : /reserved/);
      const anyway = await muse(['snapshot', '--no-ignore', '-q', directory], { cwd: tree.path });
      expect(anyway.code).toBe(ignored ? 0 : 4);
    });
  });

  it('has no id for a root that git leaves out from above', async () => {
    await using tree = tempDir();
    await makeTree(
      {
        '.git': { HEAD: 'ref: refs/heads/x\n', objects: {}, refs: {} },
        '.gitignore': '/build\n',
        build: { deep: { x: 'x' } },
      },
      tree.path,
    );
    for (const directory of ['build', 'build/deep']) {
      const run = await muse(['snapshot', '--gitignore', directory], { cwd: tree.path });
      expect(run.stderr).toMatch(/left out: the pattern '\/build', line 1 of .*\.gitignore; --no-ignore/);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
      expect((await muse(['snapshot', '-q', directory], { cwd: tree.path })).code).toBe(0);
    }
  });

  it('takes a .git that is a root of its own for a directory like any other', async () => {
    await using tree = tempDir();
    await makeTree({ '.git': { HEAD: 'ref: x' } }, tree.path);
    const run = await muse(['snapshot', '--format', 'sha256sum', '.git'], { cwd: tree.path });
    expect(lines(run.stdout)).toEqual([expect.stringMatching(/ {2}HEAD$/)]);
    expect(run.code).toBe(0);
  });

  it('is a repository of its own where it has a .muse', async () => {
    await using tree = await repository();
    await makeTree({ '.muse': {} }, join(tree.path, 'packages/foo'));
    const run = await muse(['snapshot', '--format', 'sha256sum', 'packages/foo'], { cwd: tree.path });
    expect(lines(run.stdout).map((line) => line.slice(66))).toEqual(['a', 'b.log', 'built/x']);
  });

  it.each([
    ['a file', ''],
    ['a link', linkTo('../../.muse')],
    ['a FIFO', fifo()],
  ])('takes %s called .muse for none, in every command', async (_, node) => {
    await using tree = await repository();
    await makeTree({ 'packages/foo/.muse': node }, tree.path);
    const inTree = (...args: string[]) => muse(args, { cwd: tree.path });
    const whole = await inTree('snapshot', '--save', '-q', 'packages/foo');
    expect(whole.code).toBe(0);
    expect((await inTree('explain', 'packages/foo/a')).stdout.toString()).toMatch(
      /^packages\/foo\/a\n {2}(hit|racy)/,
    );
    expect((await inTree('log', 'packages/foo')).stdout.toString()).toContain(' of packages/foo');
    expect((await inTree('status', 'packages/foo')).code).toBe(0);
    expect((await inTree('cache', 'info', 'packages/foo')).stdout.toString()).toContain(
      join(tree.path, '.muse/cache/stat.json'),
    );
    expect((await inTree('init', 'packages/foo')).code).toBe(4);
  });

  it.skipIf(process.getuid?.() !== 0 || ordinaryUser() === undefined)(
    'uses no .muse above that belongs to somebody else',
    async () => {
      await using tree = await repository();
      const { uid, gid } = ordinaryUser() ?? { uid: 0, gid: 0 };
      await chmod(tree.path, 0o777);
      await chown(join(tree.path, '.muse'), uid, gid);
      const run = await muse(['snapshot', 'packages/foo'], { cwd: tree.path });
      expect(run.code).toBe(3);
      expect(run.stderr).toMatch(/\.muse" belongs to another user, so it is not obeyed/m);
      expect(run.stderr).toMatch(/^3 files/m);
      await chown(join(tree.path, 'packages/foo'), uid, gid);
      expect((await muse(['snapshot', 'packages/foo'], { cwd: tree.path })).stderr).toMatch(/^1 file/);
    },
  );

  it('saves and compares it by itself, or within a saved whole', async () => {
    await using tree = await repository();
    const inTree = (...args: string[]) => muse(args, { cwd: tree.path });
    await inTree('snapshot', '--save', '-m', 'whole');
    await writeFile(join(tree.path, 'packages/foo/new'), 'new');
    await writeFile(join(tree.path, 'packages/bar/c'), 'other');
    expect(lines((await inTree('status', 'packages/foo')).stdout)).toEqual(['added     new']);
    const saved = await inTree('snapshot', '--save', 'packages/foo');
    expect(lines((await inTree('log')).stdout)[0]).toMatch(/ {2}of packages\/foo$/);
    expect((await inTree('status', 'packages/foo')).stdout.length).toBe(0);
    expect(lines((await inTree('status')).stdout)).toEqual([
      'modified  packages/bar/c',
      'added     packages/foo/new',
    ]);
    await rm(join(tree.path, 'packages/foo/a'));
    const id = saved.stdout.toString().trim();
    expect(lines((await inTree('diff', '-q', id)).stdout)).toEqual(['deleted   a']);
  });

  it('is verified with the cache above', async () => {
    await using tree = await repository();
    const run = await muse(['verify', 'packages/foo'], { cwd: tree.path });
    expect(run.stderr).toMatch(/^1 file · 1 B · all as cached · /);
  });
});
