import { chmod, lstat, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToOrdinaryUser, makeTree, tempDir, type TempDir, type TreeNode } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser, noTerminal, onTerminal, type Run } from './muse.js';

/** A tree whose files are all in its cache. */
async function cachedTree(spec: Readonly<Record<string, TreeNode>>): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ '.muse/cache': {}, ...spec }, directory.path);
  await muse(['snapshot', directory.path]);
  return directory;
}

/** Changes bytes, restores size and mtime, and lets the cache have the ctime that came of it, as if nothing had been. */
async function rot(root: string, name: string, content: string): Promise<void> {
  const file = join(root, name);
  const { atime, mtime } = await lstat(file);
  await writeFile(file, content);
  await utimes(file, atime, mtime);
  const stat = await lstat(file, { bigint: true });
  const stored = join(root, '.muse/cache/stat.json');
  const text = await readFile(stored, 'utf8');
  const line = new RegExp(`^("${name}":\\{"mtime":)[\\d.]+(,"ctime":)[\\d.]+`, 'm');
  expect(text).toMatch(line);
  const [mtimeText, ctimeText] = [stat.mtimeNs, stat.ctimeNs].map((ns) =>
    String(ns).replace(/\d{9}$/, '.$&'),
  );
  const damaged = text.replace(line, `$1${mtimeText ?? ''}$2${ctimeText ?? ''}`);
  await writeFile(stored, damaged.replace(/,"checksum":"[^"]*"/, ''));
}

const verify = (...args: string[]): Promise<Run> => muse(['verify', ...args]);

describe('muse verify', () => {
  it('prints nothing and exits with 0 where nothing changed', async () => {
    await using tree = await cachedTree({ a: 'a', 'd/b': 'bb' });
    const run = await verify(tree.path);
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(run.stderr).toMatch(/^2 files · 3 B · all as cached · [\d.]+ m?s\n$/);
    expect(await verify('--quiet', tree.path)).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints edited and touched files, which are no failure unless edits are made one', async () => {
    await using tree = await cachedTree({ edited: 'a', touched: 'b', same: 'c' });
    await writeFile(join(tree.path, 'edited'), 'longer');
    await utimes(join(tree.path, 'touched'), 1, 1);
    const run = await verify(tree.path);
    expect(lines(run.stdout)).toEqual(['edited    edited', 'touched   touched']);
    expect(run.stderr).toMatch(/^3 files · 8 B · 1 edited, 1 touched · /);
    expect(run.code).toBe(0);
    const strict = await verify('--strict', tree.path);
    expect(strict.stdout).toEqual(run.stdout);
    expect(strict.code).toBe(1);
    await writeFile(join(tree.path, 'edited'), 'a');
    expect((await verify('--strict', tree.path)).code).toBe(0);
  });

  it('exits with 1 on bytes that changed under an unchanged stat', async () => {
    await using tree = await cachedTree({ rotten: 'good', sound: 'good' });
    await rot(tree.path, 'rotten', 'evil');
    const snapshot = await muse(['snapshot', '--format', 'sha256sum', tree.path]);
    expect(new Set(lines(snapshot.stdout).map((line) => line.slice(0, 64))).size).toBe(1);
    const run = await verify(tree.path);
    expect(lines(run.stdout)).toEqual(['mismatch  rotten']);
    expect(run.stderr).toMatch(/ · 1 mismatch · [^]*^muse: hint: snapshots keep the old id of a mismatch/m);
    expect(run.code).toBe(1);
    // What the hint says.
    await utimes(join(tree.path, 'rotten'), 1, 1);
    expect((await verify(tree.path)).code).toBe(0);
  });

  it('prints one document with --json', async () => {
    await using tree = await cachedTree({ rotten: 'good', sound: 'good' });
    await rot(tree.path, 'rotten', 'evil');
    const run = await verify('--json', tree.path);
    expect(JSON.parse(run.stdout.toString())).toMatchObject({
      version: 1,
      complete: true,
      files: 2,
      bytes: 8,
      skipped: 0,
      uncached: 0,
      missing: [],
      mismatch: [
        {
          path: 'rotten',
          before: 'sha256:770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c',
          after: 'sha256:b5c1fb2efc6d6b4674c2fdcc48ce01b43a3b7c03763c0c3355de0099ee0f8c73',
        },
      ],
      edited: [],
      touched: [],
      problems: [],
    });
    expect(run.code).toBe(1);
  });

  it('names missing files, which are a failure with --strict, and counts uncached ones, which never are', async () => {
    await using tree = await cachedTree({ f1: '1', f2: '2', f3: '3' });
    await rm(join(tree.path, 'f1'));
    const run = await verify(tree.path);
    expect(lines(run.stdout)).toEqual(['missing   f1']);
    expect(run.code).toBe(0);
    await writeFile(join(tree.path, 'f4'), 'n');
    const strict = await verify('--strict', tree.path);
    expect(lines(strict.stdout)).toEqual(['missing   f1']);
    expect(strict.stderr).toMatch(/^3 files · 3 B · 1 missing, 1 uncached · /);
    expect(strict.code).toBe(1);
    await writeFile(join(tree.path, 'f1'), '1');
    await muse(['snapshot', tree.path]);
    await rm(join(tree.path, 'f4'));
    await muse(['snapshot', tree.path]);
    await writeFile(join(tree.path, 'f4'), 'n');
    expect((await verify('--strict', tree.path)).code).toBe(0);
  });

  it('fails where there is nothing to compare with, even with --quiet', async () => {
    await using tree = await cachedTree({ a: 'a' });
    await makeTree({ 'other/b': 'b', empty: {} }, tree.path);
    await using bare = tempDir();
    await writeFile(join(bare.path, 'a'), 'a');
    for (const [path, advice] of [
      [bare.path, /: nothing is cached yet; run 'muse init', then 'muse snapshot'\n$/],
      [join(tree.path, 'other'), /: nothing is cached yet; run 'muse snapshot' first\n$/],
      [join(tree.path, 'empty'), /: nothing is cached yet; run 'muse snapshot' first\n$/],
    ] as const) {
      const run = await verify('-q', path);
      expect(run.stderr).toMatch(advice);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    }
  });

  it('reads at least one file of a sample', async () => {
    await using tree = await cachedTree({ a: 'a', b: 'b', c: 'c' });
    const run = await verify('--sample', '0.0001%', tree.path);
    expect(run.stderr).toMatch(/^1 of 3 files · 1 B · all as cached/);
    expect(run.code).toBe(0);
  });

  it('reads a sample, and says of how many', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `f${index}`);
    await using tree = await cachedTree(Object.fromEntries(names.map((name) => [name, name])));
    const run = await verify('--sample', '30%', '--threads', '2', tree.path);
    const [, chosen] = /^(\d+) of 200 files · \d+ B · all as cached · /.exec(run.stderr) ?? [];
    expect(Number(chosen)).toBeGreaterThan(20);
    expect(Number(chosen)).toBeLessThan(100);
    expect(run.code).toBe(0);
  });

  it('changes nothing', async () => {
    await using tree = await cachedTree({ a: 'a', b: 'b' });
    await writeFile(join(tree.path, 'a'), 'edited');
    const state = async () => {
      const paths = ['.', 'a', 'b', '.muse', '.muse/cache', '.muse/cache/stat.json'];
      return Promise.all(paths.map(async (path) => (await lstat(join(tree.path, path))).ctimeMs));
    };
    const before = await state();
    await verify(tree.path);
    expect(await state()).toEqual(before);
  });

  it.skipIf(noTerminal)('shows names without their control characters on a terminal', async () => {
    await using tree = await cachedTree({ 'x\x1b[31m': 'a' });
    await writeFile(join(tree.path, 'x\x1b[31m'), 'edited');
    const run = await onTerminal(`muse verify -q --no-color '${tree.path}'`);
    expect(run.stdout.toString()).toContain('edited    x\\x1b[31m\r\n');
  });

  it.each([
    ['missing', 4, /^muse: cannot verify missing: no such file or directory \(ENOENT\); /],
    ['file', 4, /^muse: cannot verify file: not a directory \(ENOTDIR\); /],
    ['broken', 2, /^muse: cannot read ignore rules from .* line 1, column /],
  ])('fails in one line when the root is %s', async (name, code, message) => {
    await using directory = tempDir();
    await makeTree({ file: '', 'broken/.museignore': '[' }, directory.path);
    const run = await muse(['verify', name], { cwd: directory.path });
    expect(lines(run.stderr)).toEqual([expect.stringMatching(message)]);
    expect(run).toMatchObject({ code, stdout: Buffer.alloc(0) });
  });
});

describe.skipIf(noOrdinaryUser)('muse verify of what may not be read', () => {
  it('names it and exits with 3, or with 1 where there is a mismatch', async () => {
    await using tree = await cachedTree({ rotten: 'good', secret: 's', closed: { in: 'x' } });
    await giveToOrdinaryUser(tree.path);
    await muse(['snapshot', tree.path], { ordinary: true, cwd: '/' });
    await chmod(join(tree.path, 'secret'), 0);
    await chmod(join(tree.path, 'closed'), 0);
    const run = await muse(['verify', tree.path], { ordinary: true, cwd: '/' });
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: closed: cannot list: permission denied \(EACCES\)$/),
      expect.stringMatching(/^muse: secret: cannot open: permission denied \(EACCES\)$/),
      expect.stringMatching(/^1 file · 4 B · all as cached · /),
    ]);
    expect(run).toMatchObject({ code: 3, stdout: Buffer.alloc(0) });
    await rot(tree.path, 'rotten', 'evil');
    const worse = await muse(['verify', '--json', tree.path], { ordinary: true, cwd: '/' });
    expect(JSON.parse(worse.stdout.toString())).toMatchObject({
      complete: false,
      problems: [{ path: 'closed' }, { path: 'secret' }],
      mismatch: [{ path: 'rotten' }],
    });
    expect(worse.code).toBe(1);
    await chmod(join(tree.path, 'closed'), 0o755);
  });

  it('fails when it is the root', async () => {
    await using directory = tempDir();
    await giveToOrdinaryUser(directory.path);
    await chmod(directory.path, 0o300);
    const run = await muse(['verify', directory.path], { ordinary: true, cwd: '/' });
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: cannot verify .* \(EACCES\); /)]);
    expect(run.code).toBe(4);
    await chmod(directory.path, 0o755);
  });
});
