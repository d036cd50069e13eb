import { lstatSync, mkdirSync, rmSync, writeFileSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNative } from '@muse/native';
import { cacheDir } from '@muse/paths';
import { createSnapshot } from '@muse/snapshot';
import { blobId, StatCache, type CacheStorage, type FileCacheEntry } from '@muse/stat-cache';
import { tempDir, type TempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { coveredFiles } from './support/covered-files.js';

/**
 * The most files of ours that a reader opens to follow each of these. The bounds may only be lowered. No list is kept: V8
 * tells in which files a function ran.
 */
const AT_MOST = {
  typescript: { hit: 24, miss: 5, save: 7, lookUp: 2 },
  native: { hit: 24, miss: 5, save: 7, lookUp: 2 },
} as const;

let directory: TempDir;
let root: string;

/** Long enough that a file is trusted, and nobody has to wait for it. */
const quiet = () => sleep(300);

/** A storage as somebody else would write one: it keeps entries in memory, and tells the time of the file system. */
function outsideStorage(): CacheStorage {
  const kept = new Map<string, FileCacheEntry>();
  return {
    load: () => Promise.resolve({ contents: new Map(kept), dropped: 0 }),
    save: ({ put, remove }) => {
      for (const path of remove) kept.delete(path);
      for (const [path, entry] of put) kept.set(path, entry);
      return Promise.resolve();
    },
    probe: () => {
      const file = join(root, 'probe');
      writeFileSync(file, '');
      const { ctimeNs, dev } = lstatSync(file, { bigint: true });
      rmSync(file);
      return Promise.resolve({ ctimeNs, dev });
    },
  };
}

/** Writes a file, waits until it is quiet, and records it in a cache. */
async function recordFile(cache: StatCache, path: string): Promise<BigIntStats> {
  const text = `content of ${path}`;
  writeFileSync(join(root, path), text);
  await quiet();
  const stat = lstatSync(join(root, path), { bigint: true });
  cache.record(path, stat, blobId(Buffer.from(text)), await cache.boundary());
  return stat;
}

/** Fails where there are more files than that, and names them. */
function expectAtMost(count: number, files: Iterable<string>): void {
  const list = [...files].sort();
  expect(list.length, `${list.length} files:\n${list.join('\n')}\n`).toBeLessThanOrEqual(count);
}

const { native } = loadNative();
const engines = (['typescript', 'native'] as const).filter((engine) => engine !== 'native' || native);

describe.each(engines)('with the engine %s,', (engine) => {
  const most = AT_MOST[engine];

  beforeAll(async () => {
    vi.stubEnv('MUSE_ENGINE', engine);
    directory = tempDir();
    root = directory.path;
    mkdirSync(cacheDir(root), { recursive: true });
    mkdirSync(join(root, 'src'));
    writeFileSync(join(root, 'src/a.txt'), 'a');
    await quiet();
    // What runs once in a process, such as loading an engine, is no part of any of these.
    await createSnapshot(root);
    await createSnapshot(root);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await directory.remove();
  });

  it('a warm hit is told in few files', async () => {
    expectAtMost(most.hit, await coveredFiles(() => createSnapshot(root)));
  });

  it('a miss, with its save, adds few files to a hit', async () => {
    const hit = await coveredFiles(() => createSnapshot(root));
    writeFileSync(join(root, 'src/missed.txt'), 'missed');
    await quiet();
    const miss = await coveredFiles(() => createSnapshot(root));
    expectAtMost(
      most.miss,
      [...miss].filter((file) => !hit.has(file)),
    );
  });

  it('a save is told in few files', async () => {
    expectAtMost(most.save, await coveredSave('src/b.txt'));
  });

  it('a look-up by a storage from outside is told in few files', async () => {
    const storage = outsideStorage();
    const first = await StatCache.open({ root, storage });
    const stat = await recordFile(first, 'src/c.txt');
    await first.save();
    const cache = await StatCache.open({ root, storage });
    let found: string | undefined;
    const files = await coveredFiles(() => (found = cache.lookup('src/c.txt', stat)));
    expect(found).toBe(blobId(Buffer.from('content of src/c.txt')));
    expectAtMost(most.lookUp, files);
  });
});

async function coveredSave(path: string): Promise<Set<string>> {
  const cache = await StatCache.open({ root });
  await recordFile(cache, path);
  return coveredFiles(() => cache.save());
}
