import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCache } from '@muse/stat-cache';
import { fifo, makeTree, symlink as link, tempDir, type TempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse } from './muse.js';

/** A tree of three files with a cache of them. */
async function cachedTree(): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ '.muse/cache/other': 'kept', a: 'a', b: 'b', c: 'c' }, directory.path);
  await muse(['snapshot', directory.path]);
  return directory;
}

const fileOf = ({ path }: TempDir): string => join(path, '.muse/cache/stat.json');

describe('muse cache info', () => {
  it('says where the cache is, and what is in it', async () => {
    await using tree = await cachedTree();
    const cache = await loadCache(tree.path);
    for (const [path, { objectId }] of cache.entries()) {
      cache.setDimension(path, objectId, 'symbols', '[]');
      if (path === 'a') cache.setDimension(path, objectId, '__proto__', '{}');
    }
    await cache.save();
    const { size } = await lstat(fileOf(tree));
    const run = await muse(['cache', 'info', tree.path]);
    expect(run.stdout.toString()).toMatch(
      new RegExp(
        `^file {8}${fileOf(tree)}\nsize {8}${size} B\nentries {5}3\ndropped {5}0\ndimensions {2}(symbols 3, __proto__ 1|__proto__ 1, symbols 3)\n$`,
      ),
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const json = await muse(['cache', 'info', '--json'], { cwd: tree.path });
    const document = JSON.parse(json.stdout.toString()) as { dimensions: object };
    expect(document).toMatchObject({
      version: 1,
      file: fileOf(tree),
      bytes: size,
      entries: 3,
      dropped: 0,
      discarded: null,
    });
    expect(Object.entries(document.dimensions).sort()).toEqual([
      ['__proto__', 1],
      ['symbols', 3],
    ]);
  });

  it('tells of a cache that is damaged, in part or as a whole', async () => {
    await using tree = await cachedTree();
    const text = await readFile(fileOf(tree), 'utf8');
    await writeFile(fileOf(tree), text.replace(/,"checksum":"[^"]*"/, '').replace('"a":{', '"../a":{'));
    const part = await muse(['cache', 'info', '--json', tree.path]);
    expect(JSON.parse(part.stdout.toString())).toMatchObject({ entries: 2, dropped: 1, discarded: null });
    expect(part.stderr).toMatch(/^muse: warning: Left 1 damaged entries out/);
    await writeFile(fileOf(tree), text.replace('"a":', '"z":'));
    const whole = await muse(['cache', 'info', tree.path]);
    expect(lines(whole.stdout)).toContain('discarded   checksum: every file is read again');
    expect(whole.code).toBe(0);
  });

  it('tells of none', async () => {
    await using directory = tempDir();
    for (const args of [[], ['--quiet']]) {
      const run = await muse(['cache', 'info', directory.path, ...args]);
      expect(lines(run.stdout).slice(1)).toEqual([
        'size        no such file',
        'entries     0',
        'dropped     0',
        'dimensions  none',
      ]);
      expect(run).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('tells of the one above, in a directory of a working tree', async () => {
    await using tree = await cachedTree();
    await makeTree({ d: { e: {} } }, tree.path);
    const run = await muse(['cache', 'info'], { cwd: join(tree.path, 'd/e') });
    expect(lines(run.stdout)).toContain(`file        ${fileOf(tree)}`);
    expect(lines(run.stdout)).toContain('entries     3');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect((await muse(['cache', 'info', 'd/e'], { cwd: tree.path })).stdout).toEqual(run.stdout);
  });

  it('fails in one line without a directory', async () => {
    const run = await muse(['cache', 'info', '/nowhere']);
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot look at the cache of \/nowhere: /),
    ]);
    expect(run.code).toBe(4);
  });
});

describe('muse cache clear', () => {
  it('removes the file and nothing else, and says so', async () => {
    await using tree = await cachedTree();
    const { size } = await lstat(fileOf(tree));
    const run = await muse(['cache', 'clear'], { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout.toString()).toBe(`Removed ${fileOf(tree)} (${size} B)\n`);
    expect(await readdir(join(tree.path, '.muse/cache'))).toEqual(['other']);
    expect((await readdir(tree.path)).sort()).toEqual(['.muse', 'a', 'b', 'c']);
    const next = await muse(['snapshot', tree.path]);
    expect(next.stderr).toMatch(/^3 files · 3 B · 3 hashed · /);
    expect((await lstat(fileOf(tree))).size).toBe(size);
  });

  it('says so where there is none, which is what was wanted', async () => {
    await using tree = await cachedTree();
    await rm(fileOf(tree));
    for (const directory of ['.muse/cache/other', '.muse/cache', '.muse']) {
      const run = await muse(['cache', 'clear', tree.path]);
      expect(run.stdout.toString()).toBe(`Nothing to remove: there is no ${fileOf(tree)}\n`);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      await rm(join(tree.path, directory), { recursive: true });
    }
  });

  it('removes the one above, in a directory of a working tree', async () => {
    await using tree = await cachedTree();
    await makeTree({ d: {}, own: { '.muse': {} } }, tree.path);
    const own = await muse(['cache', 'clear', 'own'], { cwd: tree.path });
    expect(own.stdout.toString()).toMatch(/^Nothing to remove: .*own\/\.muse/);
    const run = await muse(['cache', 'clear'], { cwd: join(tree.path, 'd') });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout.toString()).toContain(`Removed ${fileOf(tree)} (`);
    expect(await readdir(join(tree.path, '.muse/cache'))).toEqual(['other']);
  });

  it.each([
    ['a link', link('../../a'), 'it is a symbolic link, not a regular file'],
    ['a pipe', fifo(), 'it is a special file, not a regular file'],
    ['a directory', {}, 'it is a directory, not a regular file'],
  ])('refuses %s in its place', async (_, node, reason) => {
    await using directory = tempDir();
    await makeTree({ '.muse/cache/stat.json': node, a: 'a' }, directory.path);
    const run = await muse(['cache', 'clear', directory.path]);
    expect(run.stderr).toBe(`muse: cannot remove ${fileOf(directory)}: ${reason}; nothing was removed\n`);
    expect(run.code).toBe(4);
    await lstat(fileOf(directory));
    expect(await readFile(join(directory.path, 'a'), 'utf8')).toBe('a');
  });

  it.each(['.muse', '.muse/cache'])('refuses a link in the place of %s', async (name) => {
    await using tree = await cachedTree();
    await using elsewhere = tempDir();
    await mkdir(join(elsewhere.path, 'to'));
    await rename(join(tree.path, name), join(elsewhere.path, 'to/dir'));
    await symlink(join(elsewhere.path, 'to/dir'), join(tree.path, name));
    const run = await muse(['cache', 'clear', tree.path]);
    expect(run.stderr).toMatch(/: .* is a symbolic link, not a directory; nothing was removed\n$/);
    expect(run.code).toBe(4);
    await lstat(fileOf(tree));
  });

  it.each(['/nowhere', 'a'])('fails in one line without a directory: %s', async (name) => {
    await using tree = await cachedTree();
    const run = await muse(['cache', 'clear', name], { cwd: tree.path });
    expect(lines(run.stderr)).toEqual([expect.stringContaining(`muse: cannot clear the cache of ${name}: `)]);
    expect(run.code).toBe(4);
    await lstat(fileOf(tree));
  });
});
