import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, statCachePath } from '@muse/paths';
import { buildSnapshotManifest, createSnapshot } from '@muse/snapshot';
import { loadCache } from '@muse/stat-cache';
import { differingPaths, sha256Id } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { museTree, type MuseTree } from './support/muse-tree.js';
import {
  numberedContent,
  numberedManifest,
  numberedPaths,
  writeNumberedTree,
} from './support/numbered-tree.js';
import { snapshotProcess } from './support/snapshot-process.js';

// The bounds in this file are promises, loose enough for a slow disk. How fast it really is, the benchmarks tell.
const TIMEOUT = 15 * 60_000;
const MIB = 1024 * 1024;
/** What a small file takes on most file systems, bytes. */
const BLOCK = 4096;

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Which version of the cache file is there: another write gives another inode and time. */
function cacheFileVersion(root: string) {
  const { ino, mtimeNs, size } = statSync(statCachePath(root), { bigint: true });
  return { ino, mtimeNs, size };
}

// The tests share one tree and may run in any order; those that change it put it back.
describe('a tree of 75,000 files', () => {
  const paths = numberedPaths(75_000);
  const expected = numberedManifest(paths);
  let tree: MuseTree;
  let root: string;

  beforeAll(() => {
    tree = museTree(75_000 * BLOCK);
    root = tree.root;
    writeNumberedTree(root, paths);
  }, TIMEOUT);
  afterAll(() => {
    tree[Symbol.dispose]();
  }, TIMEOUT);

  it('seed 24: 75k_cold_walk_correct_and_bounded', { timeout: TIMEOUT }, async () => {
    rmSync(statCachePath(root), { force: true });
    const started = performance.now();
    const manifest = await buildSnapshotManifest(root);
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(manifest.size).toBe(75_000);
    expect(differingPaths(manifest, expected)).toEqual([]);
    expect([...manifest.keys()].join('\n') === paths.join('\n'), 'in path order').toBe(true);
  });

  it('seed 25: 75k_warm_walk_zero_misses', { timeout: TIMEOUT }, async () => {
    await createSnapshot(root);
    const written = cacheFileVersion(root);

    const { manifest, stats } = await createSnapshot(root);
    expect(stats).toMatchObject({ files: 75_000, hits: 75_000, hashedFiles: 0, hashedBytes: 0 });
    expect(differingPaths(manifest, expected)).toEqual([]);
    expect(cacheFileVersion(root)).toEqual(written);

    const cache = await loadCache(root);
    expect(cache.size).toBe(75_000);
    await createSnapshot(root, { cache });
    expect(cache.dirty).toBe(false);
    expect(cacheFileVersion(root)).toEqual(written);
  });

  it('seed 27: 75k_partial_change_only_rehashes_changed', { timeout: TIMEOUT }, async () => {
    await createSnapshot(root);
    const changed = paths.slice(0, 10);
    const content = 'CHANGED'.repeat(37);
    for (const path of changed) writeFileSync(join(root, path), content);
    try {
      const { manifest, stats } = await createSnapshot(root);
      expect(stats.hashedFiles).toBe(10);
      expect(stats.misses.size).toBe(10);
      expect(differingPaths(manifest, expected)).toEqual(changed);
      for (const path of changed) expect(manifest.get(path)).toBe(sha256Id(content));
    } finally {
      for (const path of changed) writeFileSync(join(root, path), numberedContent(path));
    }
  });
});

it('two processes that walk at once agree, and leave one cache that serves both', async () => {
  using tree = museTree(10_000 * BLOCK);
  const { root } = tree;
  const paths = numberedPaths(10_000);
  writeNumberedTree(root, paths);
  const [one, two] = await Promise.all([snapshotProcess(root), snapshotProcess(root)]);
  expect(one).toMatchObject({ complete: true, files: 10_000 });
  expect(one).not.toHaveProperty('saveError');
  expect(two).not.toHaveProperty('saveError');
  expect(two.id).toBe(one.id);

  expect(readdirSync(cacheDir(root))).toEqual(['stat.json']);
  const { id, manifest, stats } = await createSnapshot(root);
  expect(id).toBe(one.id);
  expect(differingPaths(manifest, numberedManifest(paths))).toEqual([]);
  expect(stats.hashedFiles).toBe(0);
});

it('seed 19: warm_walk_500ms_on_1000_files', async () => {
  using tree = museTree(1000 * BLOCK);
  for (let index = 0; index < 1000; index++) {
    const name = `warm_${String(index).padStart(4, '0')}.py`;
    writeFileSync(join(tree.root, name), `content ${index} `.repeat(10));
  }
  await buildSnapshotManifest(tree.root);
  expect(await milliseconds(() => buildSnapshotManifest(tree.root))).toBeLessThan(500);
});

it('seed 22: large_file_memory_flat', async () => {
  using tree = museTree(50 * MIB);
  writeFileSync(join(tree.root, 'large.bin'), Buffer.alloc(50 * MIB, 'Z'));
  const { files, hashedFiles, grownKiB } = await snapshotProcess(tree.root);
  expect({ files, hashedFiles }).toEqual({ files: 1, hashedFiles: 1 });
  expect(grownKiB).toBeLessThan(10 * 1024);
});

it('seed 26: cache_speedup_with_large_files', async () => {
  using tree = museTree(100 * MIB);
  const content = Buffer.alloc(MIB, 'L');
  for (let index = 0; index < 100; index++) {
    writeFileSync(join(tree.root, `large_${String(index).padStart(3, '0')}.bin`), content);
  }
  const walk = () => buildSnapshotManifest(tree.root);
  const cold = await milliseconds(walk);
  // The best of three: one warm walk takes so little that a single pause of the machine would decide.
  const warm = Math.min(await milliseconds(walk), await milliseconds(walk), await milliseconds(walk));
  expect(cold / warm).toBeGreaterThanOrEqual(5);
});
