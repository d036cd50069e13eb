import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  buildSnapshotManifest,
  computeSnapshotId,
  createSnapshot,
  explain,
  openSnapshotter,
  subtree,
  verify,
  type Snapshot,
} from '@muse/snapshot';
import { StatCache } from '@muse/stat-cache';
import {
  giveToOrdinaryUser,
  hostileNames,
  makeTree,
  oracle,
  ordinaryUser,
  seededRandom,
} from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { runNode } from './support/run-node.js';
import { bareTree, cachedPaths, cacheFileStamp, expectTruth, missesOf, museTree } from './support/trees.js';

const spec = {
  'a.txt': 'a',
  p: { 'f.c': 'f', q: { 'g.c': 'g', 'h.c': '' } },
  'p.txt': 'beside, before the slash',
  p0: { x: 'after what is below p' },
  z: { y: 'y' },
};

describe('createSnapshot({ subtree })', () => {
  it('removes nothing outside the subtree that is not saved yet', async () => {
    const root = await museTree(spec);
    await createSnapshot(root);
    const cache = await StatCache.open({ root });
    const stat = { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n };
    for (const path of ['p/gone', 'z/gone']) cache.record(path, stat, computeSnapshotId(new Map()));
    await createSnapshot(root, { subtree: 'p', cache });
    expect(['p/gone', 'z/gone'].map((path) => cache.has(path))).toEqual([false, true]);
  });

  it.each(['p', 'p/q', 'p0', 'z'])('gives %s as if it stood alone', async (path) => {
    const root = await museTree(spec);
    const expected = await oracle(join(root, path));
    const alone = await createSnapshot(root, { subtree: path });
    await expectTruth(join(root, path), alone, expected);
    const whole = await buildSnapshotManifest(root);
    expect(computeSnapshotId(subtree(whole, path))).toBe(alone.id);
    const again = await createSnapshot(root, { subtree: path });
    await expectTruth(join(root, path), again, expected);
    expect(missesOf(again)).toBe(0);
  });

  it('gives all of the root for the empty path', async () => {
    const root = await museTree(spec);
    await expectTruth(root, await createSnapshot(root, { subtree: '' }));
  });

  it('uses the cache of the root, and neither prunes nor loses what is outside', async () => {
    const root = await museTree(spec);
    const whole = await createSnapshot(root);
    const all = await cachedPaths(root);
    const stamp = cacheFileStamp(root);
    const part = await createSnapshot(root, { subtree: 'p' });
    expect(part.stats).toMatchObject({ files: 3, hits: 3, pruned: 0, hashedFiles: 0 });
    expect(cacheFileStamp(root)).toEqual(stamp);
    expect(await cachedPaths(root)).toEqual(all);

    await writeFile(join(root, 'p/f.c'), 'longer');
    await writeFile(join(root, 'p/new.c'), 'new');
    await rm(join(root, 'p/q/h.c'));
    await rm(join(root, 'z'), { recursive: true });
    await setTimeout(150);
    const changed = await createSnapshot(root, { subtree: 'p' });
    await expectTruth(join(root, 'p'), changed);
    expect(changed.stats).toMatchObject({ files: 3, hits: 1, pruned: 1, hashedFiles: 2 });
    const expected = [...all.filter((path) => path !== 'p/q/h.c'), 'p/new.c'].sort();
    expect(await cachedPaths(root)).toEqual(expected);

    const after = await createSnapshot(root);
    await expectTruth(root, after);
    expect(after.id).not.toBe(whole.id);
    expect(after.stats).toMatchObject({ hits: 6, hashedFiles: 0, pruned: 1 });
  });

  it('caches below the root what a subtree run was the first to read', async () => {
    const root = await museTree(spec);
    await createSnapshot(root, { subtree: 'p/q' });
    expect(await cachedPaths(root)).toEqual(['p/q/g.c', 'p/q/h.c']);
    expect((await createSnapshot(root)).stats.hits).toBe(2);
  });

  it('prunes what is gone in it where an entry was recorded in memory only', async () => {
    const root = await bareTree(spec);
    const cache = StatCache.empty();
    await createSnapshot(root, { cache });
    await rm(join(root, 'p/f.c'));
    await rm(join(root, 'z/y'));
    const { stats } = await createSnapshot(root, { cache, subtree: 'p' });
    expect(stats.pruned).toBe(1);
    expect([cache.has('p/f.c'), cache.has('z/y'), cache.has('p/q/g.c')]).toEqual([false, true, true]);
  });

  it('keeps to the rules of the root, by paths from the root', async () => {
    const root = await museTree({
      '.museignore': "[global]\npatterns = ['/p/q/', '/f.c', 'y', '!/z/y']\n",
      ...spec,
      p: { ...spec.p, '.museignore': "[global]\npatterns = ['f.c']\n" },
    });
    const whole = await buildSnapshotManifest(root);
    for (const path of ['p', 'z']) {
      const part = await createSnapshot(root, { subtree: path });
      expect([...part.manifest], path).toEqual([...subtree(whole, path)]);
      expect(part.id).toBe(computeSnapshotId(subtree(whole, path)));
    }
  });

  it.each([
    ['p/q', 'p/q', 'ignored', 3],
    ['p/q/deep', 'p/q', 'ignored', 3],
    ['.muse', '.muse', 'reserved', undefined],
    ['.muse/cache', '.muse', 'reserved', undefined],
    ['z/.git', 'z/.git', 'reserved', undefined],
    ['z/.git/objects', 'z/.git', 'reserved', undefined],
  ] as const)('has no snapshot of %s, which is left out', async (path, at, why, line) => {
    const root = await museTree({
      '.muse': { cache: {} },
      '.museignore': "[global]\npatterns = ['x',\n'/p/q/']\n",
      p: { q: { deep: { f: 'f' } } },
      z: { '.git': { objects: {} } },
    });
    const rule = line && { pattern: '/p/q/', line, table: 'global', file: join(root, '.museignore') };
    const leftOut = { name: 'LeftOutError', code: 'ELEFTOUT', path, at, why, rule };
    await expect(createSnapshot(root, { subtree: path })).rejects.toMatchObject(leftOut);
    await expect(buildSnapshotManifest(root, { subtree: path })).rejects.toMatchObject(leftOut);
    await expect(verify(root, { subtree: path })).rejects.toMatchObject(leftOut);
    await using snapshotter = await openSnapshotter(root, { subtree: path });
    await expect(snapshotter.snapshot()).rejects.toMatchObject(leftOut);
    if (why === 'reserved') return;
    expect((await createSnapshot(root, { subtree: path, noIgnore: true })).stats.files).toBe(1);
  });

  it('takes what is called .git as a root of its own for a directory like any other', async () => {
    const root = await bareTree({ '.git': { HEAD: 'ref: x', objects: { a: 'a' } } });
    const { manifest } = await createSnapshot(join(root, '.git'));
    expect([...manifest.keys()]).toEqual(['HEAD', 'objects/a']);
  });

  it('asks rules of any make from the top down', async () => {
    const root = await museTree(spec);
    const asked: string[] = [];
    const ignore = { ignores: (path: string) => (asked.push(path), path === 'p') };
    await expect(createSnapshot(root, { subtree: 'p/q', ignore })).rejects.toMatchObject({ at: 'p' });
    expect(asked).toEqual(['p']);
  });

  it('has none of a root that a rule above it leaves out', async () => {
    const root = await museTree(spec);
    const rootRule = { pattern: '/build/', line: 1, file: '/x/.gitignore' };
    const ignore = { ignores: () => false, rootRule };
    for (const path of ['', 'p']) {
      const error = { code: 'ELEFTOUT', path, at: '', why: 'ignored', rule: rootRule };
      await expect(createSnapshot(root, { subtree: path, ignore })).rejects.toMatchObject(error);
      await expect(verify(root, { subtree: path, ignore })).rejects.toMatchObject(error);
      expect(await explain(root, path, { ignore })).toEqual({ outcome: 'ignored', at: '', rule: rootRule });
    }
  });

  it.runIf(ordinaryUser() !== undefined)(
    'names problems by their path in it, and prunes nothing at them',
    async () => {
      const root = await museTree(spec);
      await createSnapshot(root);
      const all = await cachedPaths(root);
      await rm(join(root, 'p/f.c'));
      await giveToOrdinaryUser(root);
      await chmod(join(root, 'p/q'), 0);
      const script = `answer(plain(await createSnapshot(${JSON.stringify(root)}, { threads: 1, subtree: 'p' })));`;
      const part = (await runNode(script, { ordinary: true })) as Snapshot;
      await chmod(join(root, 'p/q'), 0o755);
      expect(part).toMatchObject({ complete: false, manifest: [], stats: { pruned: 1 } });
      expect(part.problems).toMatchObject([{ path: 'q', kind: 'unreadable', code: 'EACCES' }]);
      expect(await cachedPaths(root)).toEqual(all.filter((path) => path !== 'p/f.c'));
    },
  );

  it.each([
    ['missing', 'none', 'ENOENT'],
    ['a file', 'p/f.c', 'ENOTDIR'],
    ['a link', 'link', 'ENOTDIR'],
    ['below a link', 'link/q', 'ENOTDIR'],
  ])('rejects where it is %s', async (_, path, code) => {
    const root = await museTree(spec);
    await symlink('p', join(root, 'link'));
    await expect(createSnapshot(root, { subtree: path })).rejects.toMatchObject({ code, path });
  });

  it.each(['..', 'p/', '/p', './p', 'p//q'])('refuses %j, which is no tree path', async (path) => {
    await expect(createSnapshot(await museTree(spec), { subtree: path })).rejects.toThrow(SyntaxError);
  });

  it('takes any name for a directory', async () => {
    const root = await museTree({ d: {} });
    await makeTree(new Map(hostileNames.map((name) => [name, { f: 'x' }])), join(root, 'd'));
    const whole = await buildSnapshotManifest(root);
    const directories = [...whole.keys()].map((path) => path.slice(0, path.lastIndexOf('/')));
    expect(directories.length).toBeGreaterThan(10);
    for (const path of directories) {
      const part = await createSnapshot(root, { subtree: path });
      expect([...part.manifest]).toEqual([...subtree(whole, path)]);
    }
  });
});

describe('openSnapshotter({ subtree })', () => {
  it('sees edits of each kind, however often it is asked', async () => {
    const root = await museTree(spec);
    await using snapshotter = await openSnapshotter(root, { subtree: 'p' });
    expect(snapshotter.root).toBe(root);
    for (const edit of [
      () => writeFile(join(root, 'p/f.c'), 'F'),
      () => rename(join(root, 'p/f.c'), join(root, 'p/moved')),
      () => writeFile(join(root, 'z/y'), 'outside'),
      () => rm(join(root, 'p/q'), { recursive: true }),
      () => makeTree({ q: { again: 'x' } }, join(root, 'p')),
      () => rename(join(root, 'p'), join(root, 'old')).then(() => makeTree({ p: { other: 'tree' } }, root)),
    ]) {
      await edit();
      await expectTruth(join(root, 'p'), await snapshotter.snapshot());
    }
    await rm(join(root, 'p'), { recursive: true });
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOENT' });
    await symlink('old', join(root, 'p'));
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('gives for every directory of a random tree what the whole has there', async () => {
    const random = seededRandom(7);
    const files = new Map<string, string>();
    for (let i = 0; i < 400; i++) {
      const depth = 1 + Math.floor(random() * 4);
      const segments = Array.from(
        { length: depth },
        () => `d${Math.floor(random() * 4)}${random() < 0.2 ? '.x' : ''}`,
      );
      files.set(`${segments.join('/')}/f${i}`, String(i));
    }
    const root = await museTree();
    await makeTree(files, root);
    const whole = await buildSnapshotManifest(root);
    const directories = new Set<string>();
    for (const path of whole.keys()) {
      for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
        directories.add(path.slice(0, end));
    }
    const text = await readFile(join(root, '.muse/cache/stat.json'), 'utf8');
    for (const path of directories) {
      const part = await createSnapshot(root, { subtree: path });
      expect(part.id, path).toBe(computeSnapshotId(subtree(whole, path)));
      expect(missesOf(part)).toBe(0);
    }
    expect(await readFile(join(root, '.muse/cache/stat.json'), 'utf8')).toBe(text);
  });

  it('lists a large subtree with threads', async () => {
    const root = await museTree({ outside: { f: 'x' } });
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, d) => [
        `d${d}`,
        Object.fromEntries(Array.from({ length: 80 }, (_, f) => [`f${f}`, `${d} ${f}`])),
      ]),
    );
    await mkdir(join(root, 'large'));
    await makeTree(many, join(root, 'large'));
    for (let round = 0; round < 3; round++) {
      const part = await createSnapshot(root, { subtree: 'large', threads: 2 });
      await expectTruth(join(root, 'large'), part);
      if (round === 2) expect(missesOf(part)).toBe(0);
    }
    expect((await createSnapshot(root)).stats.hits).toBe(4800);
  });
});
