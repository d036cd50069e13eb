import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, openSnapshotter } from '@muse/snapshot';
import { blobId, MAX_CACHE_BYTES, StatCache, type CacheStorage } from '@muse/stat-cache';
import { createFileStorage } from '@muse/stat-cache/file';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { recordingLogger, symlink } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { describeEachEngine } from './support/engines.js';
import { bareTree, cachedPaths, cacheFileStamp, expectTruth, missesOf, museTree } from './support/trees.js';

const cacheFile = (root: string) => join(root, '.muse/cache/stat.json');

/** A tree with a cache file that knows all of it, and then a change that the cache does not know. */
async function savedTree(): Promise<string> {
  const root = await museTree({ a: 'a', 'd/b': 'b', 'd/c': 'c' });
  await createSnapshot(root);
  writeFileSync(join(root, 'a'), 'A');
  return root;
}

describe('a file that was written just before its first snapshot', () => {
  it('is a hit in the second', async () => {
    const root = await museTree();
    for (let i = 0; i < 20; i++) writeFileSync(join(root, `f${i}`), `content ${i}`);
    const first = await createSnapshot(root);
    expect(first.stats.racy).toBe(0);
    const second = await createSnapshot(root);
    expect(second.stats).toMatchObject({ hits: 20, hashedFiles: 0 });
  });

  it('is a hit in the second of one snapshotter, too', async () => {
    const root = await museTree({ a: 'a' });
    await using snapshotter = await openSnapshotter(root);
    writeFileSync(join(root, 'a'), 'b');
    await snapshotter.snapshot();
    expect((await snapshotter.snapshot()).stats).toMatchObject({ hits: 1, hashedFiles: 0 });
  });

  it.each(['before', 'after'])(
    'and whose times were set to long %s is read again when it changes',
    async (when) => {
      const root = await museTree({ a: 'a' });
      const time = when === 'before' ? 0 : 4_000_000_000;
      utimesSync(join(root, 'a'), time, time);
      await createSnapshot(root);
      for (const content of ['b', 'c', 'd']) {
        writeFileSync(join(root, 'a'), content);
        utimesSync(join(root, 'a'), time, time);
        const snapshot = await createSnapshot(root);
        expect(snapshot.manifest.get('a')).toBe(blobId(Buffer.from(content)));
      }
    },
  );
});

describe('a file whose change is ahead of the clock of its cache', () => {
  /** A memory storage whose clock stands still, long before any file of the tree was written. */
  function slowClock(root: string): Promise<StatCache> {
    const storage: CacheStorage = {
      ...createMemoryStorage(),
      probe: () => Promise.resolve({ ctimeNs: 1_000_000_000n, dev: -1n }),
    };
    return StatCache.open({ root, storage });
  }

  it('is racy, and read each time, however often its content changes', async () => {
    const root = await bareTree({ a: 'a', b: 'b' });
    await using snapshotter = await openSnapshotter(root, { cache: await slowClock(root) });
    for (const content of ['a', 'x', 'x', 'y']) {
      writeFileSync(join(root, 'a'), content);
      const snapshot = await snapshotter.snapshot();
      await expectTruth(root, snapshot);
      expect(snapshot.stats).toMatchObject({ hits: 0, hashedFiles: 2, racy: 2, ahead: 2 });
    }
    const last = await snapshotter.snapshot();
    expect(last.stats.misses).toMatchObject({ racy: 2 });
  });
});

describe('a cache in which something is pending', () => {
  it.each([false, true])(
    'is believed before its own lines, with a manifest that waits: %s',
    async (defer) => {
      const root = await museTree({ a: 'a', b: 'b', 'd/c': 'c' });
      await createSnapshot(root);
      const cache = await StatCache.open({ root });
      expect((await createSnapshot(root, { cache, deferManifest: defer })).stats.hits).toBe(3);
      const stat = lstatSync(join(root, 'a'), { bigint: true });
      // Without a boundary it is racy, though its line vouches for the very same stat.
      cache.record('a', stat, blobId(Buffer.from('anything')));
      const snapshot = await createSnapshot(root, { cache, deferManifest: defer });
      await expectTruth(root, snapshot);
      expect(snapshot.stats).toMatchObject({ hits: 2, hashedFiles: 1, misses: { racy: 1 } });
    },
  );
});

describe('a cache that cannot be used', () => {
  const damages: [string, (root: string) => void, 'warn' | 'error'][] = [
    [
      'is no JSON',
      (root) => {
        writeFileSync(cacheFile(root), Buffer.from([0xff, 0, 0xde]));
      },
      'warn',
    ],
    [
      'is empty',
      (root) => {
        truncateSync(cacheFile(root), 0);
      },
      'warn',
    ],
    [
      'is cut',
      (root) => {
        truncateSync(cacheFile(root), 100);
      },
      'warn',
    ],
    [
      'is of another version',
      (root) => {
        writeFileSync(cacheFile(root), '{"version":99,"entries":{}}');
      },
      'warn',
    ],
    [
      'has a wrong checksum',
      (root) => {
        edit(root, (text) => text.replace('"d/b"', '"d/x"'));
      },
      'warn',
    ],
    [
      'is a directory',
      (root) => {
        unlinkSync(cacheFile(root));
        mkdirSync(cacheFile(root));
      },
      'warn',
    ],
    [
      'is a link',
      (root) => {
        renameSync(cacheFile(root), join(root, '.muse/x'));
        symlinkSync('../x', cacheFile(root));
      },
      'warn',
    ],
    [
      'is below a link',
      (root) => {
        renameSync(join(root, '.muse/cache'), join(root, '.muse/x'));
        symlinkSync('x', join(root, '.muse/cache'));
      },
      'warn',
    ],
    [
      'is larger than allowed',
      (root) => {
        truncateSync(cacheFile(root), MAX_CACHE_BYTES + 1);
      },
      'error',
    ],
  ];

  const inTheWay = ['is a directory', 'is a link', 'is below a link'];

  it.each(damages)(
    'because it %s costs a read of every file, and a word to the logger',
    async (what, damage, level) => {
      const root = await savedTree();
      damage(root);
      const logger = recordingLogger();
      const snapshot = await createSnapshot(root, { logger });
      await expectTruth(root, snapshot);
      expect(snapshot.stats).toMatchObject({ hits: 0, hashedFiles: 3, misses: { 'cache-reset': 3 } });
      expect(logger.messages[level]).toHaveLength(1);
      expect(logger.messages[level][0]).toContain(JSON.stringify(root));
      const next = await createSnapshot(root);
      await expectTruth(root, next);
      // Where something that is no file stands in the way, nothing is written.
      expect(next.stats.hits).toBe(inTheWay.includes(what) ? 0 : 3);
    },
  );

  describeEachEngine(() => {
    it('because any byte of it changed does no harm', async () => {
      const root = await museTree({ a: 'a', 'd/b': 'b', 'd/é"c': 'c', link: symlink('a') });
      writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['b']\n");
      await createSnapshot(root);
      const text = readFileSync(cacheFile(root));
      const expected = await createSnapshot(root, { cache: false });
      for (let at = 0; at < text.length; at += 7) {
        const damaged = Buffer.from(text);
        damaged[at] = (damaged[at] ?? 0) ^ (at % 2 === 0 ? 1 : 32);
        writeFileSync(cacheFile(root), damaged);
        const progress: number[] = [];
        const snapshot = await createSnapshot(root, { onProgress: ({ files }) => progress.push(files) });
        expect([snapshot.id, snapshot.problems], `byte ${at}`).toEqual([expected.id, []]);
        expect(Math.max(...progress)).toBe(3);
      }
    });
  });

  it.each(['is a link', 'is below a link'])('because it %s is neither written nor followed', async (what) => {
    const root = await savedTree();
    damages.find(([name]) => name === what)?.[1](root);
    const behind = join(root, what === 'is a link' ? '.muse/x' : '.muse/x/stat.json');
    const before = readFileSync(behind);
    const snapshot = await createSnapshot(root);
    await expectTruth(root, snapshot);
    expect(readFileSync(behind)).toEqual(before);
    // Without a cache directory of its own there is no clock but the local one, by which new files are racy for 3 s.
    if (snapshot.stats.racy < 3) expect(snapshot.saveError).toMatchObject({ code: 'ENOTREG' });
  });

  it('because an intruder wrote other object ids into it without a checksum is believed by its stats alone', async () => {
    const root = await savedTree();
    edit(root, (text) => text.replaceAll(/"ino":\d+/g, '"ino":1').replace(/,"checksum":"[^"]*"/, ''));
    await expectTruth(root, await createSnapshot(root));
  });

  it('because one entry of it is damaged costs that entry', async () => {
    const root = await savedTree();
    edit(root, (text) =>
      text.replace(/"d\/b":\{"mtime":[\d.]+/, '"d/b":{"mtime":"x"').replace(/,"checksum":"[^"]*"/, ''),
    );
    const snapshot = await createSnapshot(root);
    await expectTruth(root, snapshot);
    expect(snapshot.stats).toMatchObject({ hits: 1, misses: { new: 1 } });
    expect(missesOf(snapshot)).toBe(2);
  });
});

describe('a cache that the caller gives', () => {
  it('is used and saved', async () => {
    const root = await bareTree({ a: 'a', b: 'b' });
    const storage = createFileStorage({ directory: join(await bareTree(), 'cache') });
    const cache = await StatCache.open({ root, storage });
    await createSnapshot(root, { cache });
    expect(cache.dirty).toBe(false);
    const again = await createSnapshot(root, { cache: await StatCache.open({ root, storage }) });
    expect(again.stats).toMatchObject({ hits: 2, hashedFiles: 0 });
    expect(existsSync(join(root, '.muse'))).toBe(false);
  });

  it('stands in for that of .muse', async () => {
    const root = await museTree({ a: 'a' });
    await createSnapshot(root, { cache: await StatCache.open({ root, storage: createMemoryStorage() }) });
    expect(existsSync(cacheFile(root))).toBe(false);
  });

  it('and that is never saved serves as long as it is there', async () => {
    const root = await museTree({ a: 'a' });
    const cache = StatCache.empty();
    await createSnapshot(root, { cache });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await createSnapshot(root, { cache });
    expect((await createSnapshot(root, { cache })).stats.hashedFiles).toBeLessThanOrEqual(1);
    expect(existsSync(cacheFile(root))).toBe(false);
  });

  it('may be that of the same root under another name', async () => {
    const root = await museTree({ a: 'a' });
    const links = await bareTree({});
    symlinkSync(root, join(links, 'root'));
    const cache = await StatCache.open({ root: join(links, 'root') });
    await createSnapshot(root, { cache });
    expect((await createSnapshot(root, { cache })).stats.hits).toBe(1);
  });

  it.each(['another root', 'the directory above', 'a root that is gone'])(
    'is refused when it is that of %s',
    async (whose) => {
      const root = await museTree({ a: 'a', 'd/b': 'b' });
      const other = await museTree({ x: 'x' });
      await createSnapshot(other);
      await createSnapshot(root);
      const cache = await StatCache.open({ root: whose === 'the directory above' ? root : other });
      if (whose === 'a root that is gone') rmSync(other, { recursive: true });
      const size = cache.size;
      const target = whose === 'the directory above' ? join(root, 'd') : root;
      await expect(createSnapshot(target, { cache })).rejects.toThrow(RangeError);
      expect(cache).toMatchObject({ size, dirty: false });
    },
  );

  it('false leaves that of .muse alone', async () => {
    const root = await savedTree();
    const stamp = cacheFileStamp(root);
    const snapshot = await createSnapshot(root, { cache: false });
    await expectTruth(root, snapshot);
    expect(snapshot.stats).toMatchObject({ hits: 0, hashedFiles: 3, racy: 0, pruned: 0 });
    expect(cacheFileStamp(root)).toEqual(stamp);
  });
});

describe('the cache after a snapshot', () => {
  it('is not written again where nothing changed', async () => {
    const root = await museTree({ a: 'a', 'd/b': 'b' });
    await createSnapshot(root);
    const stamp = cacheFileStamp(root);
    await createSnapshot(root);
    await createSnapshot(root, { threads: 2 });
    expect(cacheFileStamp(root)).toEqual(stamp);
  });

  it('has an entry for each file, and none for anything else', async () => {
    const root = await museTree({ a: 'a', 'd/b': 'b', 'd/e/c': 'c' });
    await createSnapshot(root);
    expect(await cachedPaths(root)).toEqual(['a', 'd/b', 'd/e/c']);
    rmSync(join(root, 'd/e'), { recursive: true });
    unlinkSync(join(root, 'a'));
    symlinkSync('d/b', join(root, 'a'));
    expect((await createSnapshot(root)).stats.pruned).toBe(2);
    expect(await cachedPaths(root)).toEqual(['d/b']);
  });

  it('forgets as many as came, too', async () => {
    const root = await museTree({ a: 'a', b: 'b' });
    await createSnapshot(root);
    renameSync(join(root, 'a'), join(root, 'c'));
    expect((await createSnapshot(root)).stats).toMatchObject({ pruned: 1, hits: 1 });
    expect(await cachedPaths(root)).toEqual(['b', 'c']);
  });

  it('forgets what is ignored by now', async () => {
    const root = await museTree({ a: 'a', 'out/b': 'b' });
    await createSnapshot(root);
    writeFileSync(join(root, '.museignore'), '[global]\npatterns = ["out/"]\n');
    expect((await createSnapshot(root)).stats.pruned).toBe(1);
    expect(await cachedPaths(root)).toEqual(['.museignore', 'a']);
  });

  it('takes one read, not one each time, where only the stat of a file changed', async () => {
    const root = await museTree({ a: 'a' });
    await createSnapshot(root);
    utimesSync(join(root, 'a'), 1, 1);
    expect((await createSnapshot(root)).stats).toMatchObject({ hashedFiles: 1, misses: { mtime: 1 } });
    expect((await createSnapshot(root)).stats).toMatchObject({ hashedFiles: 0, hits: 1 });
  });

  it('keeps what a plugin derived from a content that did not change', async () => {
    const root = await museTree({ a: 'a', b: 'b' });
    await createSnapshot(root);
    const cache = await StatCache.open({ root });
    cache.setDimension('a', blobId(Buffer.from('a')), 'symbols', '1');
    cache.setDimension('b', blobId(Buffer.from('b')), 'symbols', '2');
    await cache.save();
    utimesSync(join(root, 'a'), 1, 1);
    writeFileSync(join(root, 'b'), 'B');
    await createSnapshot(root);
    const after = await StatCache.open({ root });
    expect(after.getDimension('a', blobId(Buffer.from('a')), 'symbols')).toBe('1');
    expect(after.getDimension('b', blobId(Buffer.from('B')), 'symbols')).toBeUndefined();
  });
});

function edit(root: string, change: (text: string) => string): void {
  const before = readFileSync(cacheFile(root), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(cacheFile(root), after);
}
