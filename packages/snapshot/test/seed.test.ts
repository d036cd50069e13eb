import { mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { museDir } from '@muse/paths';
import { buildSnapshotManifest, computeSnapshotId, createSnapshot } from '@muse/snapshot';
import { blobId, StatCache } from '@muse/stat-cache';
import { fifo, oracle, symlink } from '@muse/testkit';
import { expect, it } from 'vitest';
import { runNode } from './support/run-node.js';
import { cacheFileStamp, expectTruth, museTree } from './support/trees.js';

// The cases that this package began with, under their numbers and names.

it('seed 14: deleted_file_pruned_on_walk', async () => {
  const root = await museTree({ 'keep.py': 'keep', 'delete_me.py': 'bye' });
  await createSnapshot(root);
  const before = await StatCache.load(museDir(root));
  expect(before.has('keep.py')).toBe(true);
  expect(before.has('delete_me.py')).toBe(true);
  unlinkSync(join(root, 'delete_me.py'));
  await createSnapshot(root);
  const after = await StatCache.load(museDir(root));
  expect(after.has('keep.py')).toBe(true);
  expect(after.has('delete_me.py')).toBe(false);
});

it('seed 15: symlinks_excluded_from_manifest', async () => {
  const root = await museTree({ 'real.py': 'real', 'link.py': symlink('real.py'), dir: symlink('.') });
  expect([...(await buildSnapshotManifest(root)).keys()]).toEqual(['real.py']);
});

it('seed 16: non_regular_files_excluded', async () => {
  const root = await museTree({ 'normal.py': 'ok', 'pipe.fifo': fifo() });
  // A FIFO that is opened without O_NONBLOCK never comes back.
  expect([...(await buildSnapshotManifest(root)).keys()]).toEqual(['normal.py']);
});

it('seed 17: muse_dir_excluded_from_manifest', async () => {
  const root = await museTree({
    'real.py': 'code',
    '.muse/x': 'x',
    'sub/.muse/y': 'y',
    'sub/.git': 'gitdir: z',
  });
  expect([...(await buildSnapshotManifest(root)).keys()]).toEqual(['real.py']);
});

it('seed 18: warm_walk_uses_cache_no_rehash', async () => {
  const files = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}.py`, `content ${i}`]));
  const root = await museTree(files);
  const cold = await createSnapshot(root);
  const entries = [...(await StatCache.load(museDir(root))).entries()];
  const stamp = cacheFileStamp(root);
  const warm = await createSnapshot(root);
  expect(entries).toHaveLength(100);
  expect(warm.id).toBe(cold.id);
  expect(warm.stats).toMatchObject({ hits: 100, hashedFiles: 0, hashedBytes: 0 });
  expect([...(await StatCache.load(museDir(root))).entries()]).toEqual(entries);
  expect(cacheFileStamp(root)).toEqual(stamp);
});

it('seed 20: 100_level_nesting_no_error', async () => {
  const root = await museTree();
  let directory = root;
  for (let level = 0; level < 100; level++) {
    directory = join(directory, `d${String(level).padStart(3, '0')}`);
    mkdirSync(directory);
    writeFileSync(join(directory, 'f0.txt'), `level${level}`);
  }
  expect((await buildSnapshotManifest(root)).size).toBe(100);
});

it('seed 21: 50_level_nesting_correct_paths', async () => {
  const root = await museTree();
  const directory = Array.from({ length: 50 }, (_, i) => `l${i}`).join('/');
  mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, directory, 'deep.py'), 'deep');
  expect([...(await buildSnapshotManifest(root)).keys()]).toEqual([`${directory}/deep.py`]);
});

it('seed 23: zero_byte_file_hashes_correctly', async () => {
  const root = await museTree({ 'empty.py': '' });
  const manifest = await buildSnapshotManifest(root);
  expect(manifest.get('empty.py')).toBe(blobId(new Uint8Array()));
});

it('seed: two walks at once', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`d${i % 7}/f${i}`, `content ${i}`]),
  );
  const root = await museTree(files);
  const script = `answer(plain(await createSnapshot(${JSON.stringify(root)})))`;
  const { id } = await oracle(root);
  const others = Promise.all([runNode(script), runNode(script)]);
  const here = await Promise.all([createSnapshot(root), createSnapshot(root, { threads: 1 })]);
  for (const snapshot of [...here, ...(await others)]) expect(snapshot).toMatchObject({ id, complete: true });
  const after = await createSnapshot(root);
  await expectTruth(root, after);
  expect(after.stats).toMatchObject({ hits: 300, hashedFiles: 0 });
});

it.each(['with', 'without'])('seed: empty repository, %s .muse', async (how) => {
  const root = await museTree();
  if (how === 'without') rmSync(museDir(root), { recursive: true });
  const snapshot = await createSnapshot(root);
  expect(snapshot).toMatchObject({ complete: true, problems: [] });
  expect(snapshot.manifest.size).toBe(0);
  expect(snapshot.id).toBe(blobId(new Uint8Array()));
  expect(snapshot.id).toBe(computeSnapshotId(new Map()));
});
