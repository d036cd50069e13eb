import { appendFileSync, chmodSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, type Progress } from '@muse/snapshot';
import { oracle } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { expectTruth, missesOf, museTree } from './support/trees.js';

describe('stats', () => {
  it('name the reason for each file that is read again', async () => {
    const names = ['same', 'grown', 'written', 'touched', 'moved-over', 'modes', 'gone', 'other'];
    const root = await museTree(Object.fromEntries(names.map((name) => [name, name])));
    await createSnapshot(root);
    appendFileSync(join(root, 'grown'), '+');
    writeFileSync(join(root, 'written'), 'WRITTEN');
    utimesSync(join(root, 'touched'), 1, 1);
    chmodSync(join(root, 'modes'), 0o600);
    rmSync(join(root, 'gone'));
    renameSync(join(root, 'other'), join(root, 'new'));
    const snapshot = await createSnapshot(root);
    await expectTruth(root, snapshot);
    expect(snapshot.stats).toMatchObject({
      files: 7,
      hits: 2,
      misses: { new: 1, size: 1, mtime: 2, ctime: 1, inode: 0, racy: 0, 'cache-reset': 0 },
      hashedFiles: 5,
      pruned: 2,
    });
    expect(snapshot.stats.hashedBytes).toBe(
      'grown+'.length + 'written'.length + 'touched'.length + 'modes'.length + 'other'.length,
    );
  });

  it('add up, cold and warm', async () => {
    const root = await museTree({ a: 'a', b: '', 'd/c': 'ccc', 'd/e/f': 'f'.repeat(500_000) });
    for (const hashedFiles of [4, 0]) {
      const { stats, manifest } = await createSnapshot(root);
      expect(stats.files).toBe(manifest.size);
      expect(stats).toMatchObject({ files: 4, bytes: 500_004, directories: 3, hashedFiles });
      expect(stats.hits).toBe(4 - hashedFiles);
      expect(stats.hashedBytes).toBe(hashedFiles === 0 ? 0 : 500_004);
      const { load, scan, hash, save, total } = stats.milliseconds;
      for (const part of [load, scan, hash, save]) expect(part).toBeGreaterThanOrEqual(0);
      expect(total).toBeCloseTo(load + scan + hash + save, 6);
    }
  });

  it('count no bytes of files that rules leave out, though the cache has them', async () => {
    const root = await museTree({ a: 'a', 'd/b': 'bb', 'd/c': 'c'.repeat(100) });
    await createSnapshot(root);
    const { stats } = await createSnapshot(root, { exclude: ['b', 'a'] });
    expect(stats).toMatchObject({ files: 1, bytes: 100, hits: 1, hashedFiles: 0, pruned: 2 });
    expect(stats.leftOut.ignored).toBe(2);
  });

  it('come with the size of each content where it is asked for, cold, warm and after an edit', async () => {
    const root = await museTree({ a: 'a', same: 'a', empty: '', 'd/c': 'c'.repeat(100), 'd/e': 'e' });
    const sizesNow = async () => {
      const { manifest, sizes } = await createSnapshot(root, { sizes: true });
      return [...manifest].map(([path, objectId]) => [path, sizes?.get(objectId)]);
    };
    const sizes = (c: number) => Object.entries({ a: 1, 'd/c': c, 'd/e': 1, empty: 0, same: 1 });
    expect(await sizesNow()).toEqual(sizes(100));
    expect(await sizesNow()).toEqual(sizes(100));
    appendFileSync(join(root, 'd/c'), '+++');
    expect(await sizesNow()).toEqual(sizes(103));
    expect((await createSnapshot(root)).sizes).toBeUndefined();
  });

  it('count no file twice that changes between listing and reading', async () => {
    const root = await museTree({ a: 'a', b: 'b' });
    let edited = false;
    const { stats } = await createSnapshot(root, {
      onProgress: ({ phase }) => {
        if (phase !== 'hash' || edited) return;
        edited = true;
        writeFileSync(join(root, 'a'), 'larger than before');
      },
    });
    expect(stats).toMatchObject({ files: 2, hits: 0, misses: { new: 2 }, bytes: 19 });
  });
});

describe('onProgress', () => {
  it('goes forward only, through the three phases, and ends with all there was to do', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [`d${i % 9}/f${i}`, `content ${i}`]),
    );
    const root = await museTree(files);
    const told: Progress[] = [];
    const snapshot = await createSnapshot(root, { onProgress: (progress) => told.push(progress) });
    expect(told.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1])).toEqual([
      'scan',
      'hash',
      'save',
    ]);
    for (const [i, progress] of told.entries()) {
      const before = told[i - 1] ?? progress;
      for (const count of ['files', 'hashedFiles', 'filesToHash', 'hashedBytes', 'bytesToHash'] as const) {
        expect(progress[count]).toBeGreaterThanOrEqual(before[count]);
      }
      expect(progress.hashedFiles).toBeLessThanOrEqual(progress.filesToHash);
      expect(progress.hashedBytes).toBeLessThanOrEqual(progress.bytesToHash);
    }
    const { hashedFiles, hashedBytes } = snapshot.stats;
    expect(told.at(-1)).toEqual({
      ...{ phase: 'save', files: 600 },
      ...{ hashedFiles, filesToHash: hashedFiles, hashedBytes, bytesToHash: hashedBytes },
    });
  });

  it('counts files, whatever else is in the directories, and however often they are listed', async () => {
    const root = await museTree({
      a: 'a',
      'd/e/f': 'f',
      'd/g': 'g',
      '.museignore': '[global]\npatterns = ["g"]\n',
    });
    let last: Progress | undefined;
    let edited = false;
    await createSnapshot(root, {
      onProgress: (progress) => {
        last = progress;
        if (progress.phase !== 'hash' || edited) return;
        edited = true;
        renameSync(join(root, 'a'), join(root, 'b'));
      },
    });
    expect(last?.files).toBe((await oracle(root)).manifest.size - 1);
  });

  it('hears nothing of hashing in a warm snapshot', async () => {
    const root = await museTree({ a: 'a' });
    await createSnapshot(root);
    const told: Progress[] = [];
    const warm = await createSnapshot(root, { onProgress: (progress) => told.push(progress) });
    expect(missesOf(warm)).toBe(0);
    expect(told.at(-1)).toMatchObject({ phase: 'save', files: 1, filesToHash: 0, hashedFiles: 0 });
  });
});
