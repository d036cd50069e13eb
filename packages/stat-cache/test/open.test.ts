import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadCache, MAX_CACHE_BYTES, StatCache, type DiscardReason, type LoadResult } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { recordingLogger, symlink } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { fileStat, idOf, NOTHING } from './support/entries.js';
import { museRoot, statJson } from './support/muse-root.js';
import { ScriptedStorage } from './support/scripted-storage.js';

/** Saves one trusted entry where the cache was opened. */
async function saveOne(cache: StatCache): Promise<void> {
  cache.record('a', fileStat(), idOf('hello'), await cache.boundary());
  await cache.save();
}

describe('StatCache.open', () => {
  it('loads what was saved for the root, however the root is spelt', async () => {
    const root = await museRoot({ alias: symlink('.') });
    await saveOne(await StatCache.open({ root }));
    for (const spelling of [
      root,
      `${root}/`,
      `${root}/./x/..`,
      relative(process.cwd(), root),
      join(root, 'alias'),
    ]) {
      const cache = await StatCache.open({ root: spelling });
      expect(cache.lookup('a', fileStat()), spelling).toBe(idOf('hello'));
    }
    expect((await StatCache.open({ root: `${root}/` })).root).toBe(root);
  });

  it('keeps the cache where the storage is, and writes nothing under the root', async () => {
    const root = await museRoot();
    rmSync(join(root, '.muse'), { recursive: true });
    const storage = createMemoryStorage();
    const cache = await StatCache.open({ root, storage });
    expect(cache.persistent).toBe(true);
    await saveOne(cache);
    expect((await StatCache.open({ root, storage })).has('a')).toBe(true);
    await expect(StatCache.open({ root }).then((own) => own.persistent)).resolves.toBe(false);
  });

  it('hands the limit on to load and save', async () => {
    const storage = new ScriptedStorage();
    const limits: number[] = [];
    const load = storage.load.bind(storage);
    storage.load = (options) => {
      limits.push(options.maxBytes);
      return load(options);
    };
    await saveOne(await StatCache.open({ root: '/r', storage }));
    await StatCache.open({ root: '/r', storage, maxBytes: 7 });
    expect(limits).toEqual([MAX_CACHE_BYTES, 7]);
    expect(storage.saves[0]?.options).toMatchObject({ maxBytes: MAX_CACHE_BYTES });
  });

  it.each<[reason: DiscardReason, level: 'warn' | 'error']>([
    ['unreadable', 'warn'],
    ['not-json', 'warn'],
    ['version', 'warn'],
    ['shape', 'warn'],
    ['checksum', 'warn'],
    ['too-large', 'error'],
  ])('is empty and says why when the storage discarded what it had: %s', async (discarded, level) => {
    const storage = new ScriptedStorage();
    storage.loads = () => Promise.resolve({ discarded, detail: 'the detail' });
    const logger = recordingLogger();
    const cache = await StatCache.open({ root: '/r', storage, logger });
    expect(cache.size).toBe(0);
    expect(cache.discarded).toBe(discarded);
    expect(cache.missReason('a', fileStat())).toBe('cache-reset');
    expect(logger.messages[level]).toEqual([
      `Cannot use the stat cache of "/r", every file is read again: the detail (${discarded})`,
    ]);
    expect(logger.messages.warn.length + logger.messages.error.length).toBe(1);
  });

  it('says how many damaged entries were left out', async () => {
    const storage = new ScriptedStorage();
    storage.loads = () => Promise.resolve({ contents: NOTHING, dropped: 3 });
    const logger = recordingLogger();
    const cache = await StatCache.open({ root: '/r', storage, logger });
    expect(cache.dropped).toBe(3);
    expect(cache.discarded).toBeUndefined();
    expect(logger.messages.warn).toEqual([
      'Left 3 damaged entries out of the stat cache of "/r": their files are read again',
    ]);
  });

  it.each<[how: string, load: () => Promise<LoadResult>]>([
    ['rejects', () => Promise.reject(new Error('gone'))],
    [
      'throws',
      () => {
        throw new Error('gone');
      },
    ],
  ])('is empty when the storage %s', async (_, load) => {
    const storage = new ScriptedStorage();
    storage.loads = load;
    const logger = recordingLogger();
    const cache = await StatCache.open({ root: '/r', storage, logger });
    expect([cache.size, cache.discarded]).toEqual([0, 'unreadable']);
    expect(logger.messages.warn[0]).toContain('gone');
  });

  it('rejects with the reason of its signal', async () => {
    const root = await museRoot();
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(StatCache.open({ root, signal })).rejects.toBe(reason);
    await expect(StatCache.open({ root, signal, storage: createMemoryStorage() })).rejects.toBe(reason);
    await expect(loadCache(root, { signal })).rejects.toBe(reason);
  });
});

describe('a cache whose checksum is computed elsewhere', () => {
  /** Resolves to the digests of what is asked for once it is told to. */
  function elsewhere(change = (digest: string) => digest) {
    let tell: () => void = () => undefined;
    const told = new Promise<void>((resolve) => (tell = resolve));
    const digest = async (bytes: Uint8Array) => {
      await told;
      return change(createHash('sha256').update(bytes).digest('hex'));
    };
    return { digest, tell };
  }

  it('is open before that is known, and confirms what it said', async () => {
    const root = await museRoot();
    await saveOne(await StatCache.open({ root }));
    const logger = recordingLogger();
    const { digest, tell } = elsewhere();
    const cache = await StatCache.open({ root, defer: true, digest, logger });
    expect(cache.lookup('a', fileStat())).toBe(idOf('hello'));
    tell();
    expect(await cache.confirm()).toBe(true);
    expect(await cache.confirm()).toBe(true);
    expect([cache.discarded, cache.size, logger.messages.warn]).toEqual([undefined, 1, []]);
  });

  it('is empty from the moment that it cannot confirm', async () => {
    const root = await museRoot();
    await saveOne(await StatCache.open({ root }));
    const logger = recordingLogger();
    const { digest, tell } = elsewhere(() => 'another');
    const cache = await StatCache.open({ root, defer: true, digest, logger });
    expect([cache.discarded, cache.lines?.count]).toEqual([undefined, 1]);
    tell();
    expect(await cache.confirm()).toBe(false);
    expect([cache.discarded, cache.size, cache.lines?.count, cache.dirty]).toEqual(['checksum', 0, 0, false]);
    expect(cache.missReason('a', fileStat())).toBe('cache-reset');
    expect(logger.messages.warn).toHaveLength(1);
    expect(logger.messages.warn[0]).toContain(JSON.stringify(root));
    // Nothing is left to confirm.
    expect(await cache.confirm()).toBe(true);
    await saveOne(cache);
    expect((await StatCache.open({ root })).lookup('a', fileStat())).toBe(idOf('hello'));
  });

  it('waits for it where everything is to be checked at once', async () => {
    const root = await museRoot();
    await saveOne(await StatCache.open({ root }));
    for (const [change, discarded] of [
      [undefined, undefined],
      [() => 'another', 'checksum'],
    ] as const) {
      const { digest, tell } = elsewhere(change);
      tell();
      const cache = await StatCache.open({ root, digest });
      expect([cache.discarded, cache.size]).toEqual([discarded, discarded ? 0 : 1]);
    }
  });

  it('stays as it is where what is loaded anew does not match its checksum', async () => {
    const root = await museRoot();
    await saveOne(await StatCache.open({ root }));
    let isRight = true;
    const { digest, tell } = elsewhere((right) => (isRight ? right : 'another'));
    tell();
    const cache = await StatCache.open({ root, defer: true, digest });
    await cache.confirm();
    const before = cache.lines;
    cache.record('b', fileStat(), idOf('b'), await cache.boundary());
    await cache.save();
    isRight = false;
    await cache.compact(1);
    expect(cache.lines).toBe(before);
    isRight = true;
    await cache.compact(1);
    expect(cache.lines?.count).toBe(2);
    expect(cache.lookup('b', fileStat())).toBe(idOf('b'));
  });
});

describe('StatCache.load', () => {
  it('takes the .muse directory, and the one above it as the root', async () => {
    const root = await museRoot();
    const cache = await StatCache.load(`${join(root, '.muse')}/`);
    expect(cache.root).toBe(root);
    await saveOne(cache);
    expect((await loadCache(root)).has('a')).toBe(true);
  });

  it('uses the directory it is given, whatever its name', async () => {
    const root = await museRoot();
    renameSync(join(root, '.muse'), join(root, '.other'));
    await saveOne(await StatCache.load(join(root, '.other')));
    expect((await StatCache.load(join(root, '.other'))).has('a')).toBe(true);
    expect((await StatCache.load(join(root, '.muse'))).has('a')).toBe(false);
  });

  it('reports at the save that there is no such directory', async () => {
    const root = await museRoot();
    const cache = await StatCache.load(join(root, 'none', '.muse'));
    await expect(saveOne(cache)).rejects.toMatchObject({ name: 'CacheNotSavedError', code: 'ENOENT' });
  });
});

describe('loadCache', () => {
  it('is empty and never saved where there is no .muse', async () => {
    const root = await museRoot({ a: 'x' });
    rmSync(join(root, '.muse'), { recursive: true });
    for (const place of [root, join(root, 'none'), join(root, 'a')]) {
      const cache = await loadCache(place);
      expect([cache.size, cache.persistent, cache.discarded]).toEqual([0, false, undefined]);
      await saveOne(cache);
    }
    expect((await loadCache(root)).size).toBe(0);
  });

  it('knows the entries of the root', async () => {
    const root = await museRoot();
    await saveOne(await loadCache(root));
    const cache = await loadCache(root);
    expect(cache.lookup('a', fileStat())).toBe(idOf('hello'));
    expect(cache.missReason('b', fileStat())).toBe('new');
  });

  it('hears of damage', async () => {
    const root = await museRoot();
    mkdirSync(join(root, '.muse/cache'));
    writeFileSync(statJson(root), '{');
    const logger = recordingLogger();
    expect((await loadCache(root, { logger })).discarded).toBe('not-json');
    expect(logger.messages.warn).toHaveLength(1);
  });
});

describe('StatCache.empty', () => {
  it('works in memory and is never saved', async () => {
    const root = await museRoot({ f: 'hello' });
    const cache = StatCache.empty();
    expect([cache.size, cache.root, cache.persistent, cache.dirty]).toEqual([0, undefined, false, false]);
    expect(await cache.getObjectHash(root, join(root, 'f'))).toBe(idOf('hello'));
    expect(cache.dirty).toBe(true);
    await cache.save();
    expect(cache.has('f')).toBe(true);
  });
});
