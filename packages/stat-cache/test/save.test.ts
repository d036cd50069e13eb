import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatCache, type CacheContents } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import { asMap, cacheEntry, fileStat, idOf, NOTHING } from './support/entries.js';
import { inCache, museRoot, statJson, statOf, storedText } from './support/muse-root.js';
import { ScriptedStorage } from './support/scripted-storage.js';

const id = idOf('hello');

async function stored(storage: ScriptedStorage): Promise<CacheContents> {
  const result = await storage.load({ maxBytes: Infinity });
  if (!result || !('contents' in result)) throw new Error('nothing stored');
  return result.contents;
}

/** A cache over a storage that held `a`, `b` and `c`. */
async function opened(): Promise<{ cache: StatCache; storage: ScriptedStorage; boundary: bigint }> {
  const storage = new ScriptedStorage();
  const put = new Map(['a', 'b', 'c'].map((path) => [path, cacheEntry()]));
  await storage.save({ base: NOTHING, put, remove: new Set() });
  storage.saves.length = 0;
  const cache = await StatCache.open({ root: '/r', storage });
  return { cache, storage, boundary: await cache.boundary() };
}

describe('checkpoint', () => {
  it('stores what is trusted so far, and waits for nothing that is racy', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('d', fileStat(), id, boundary);
    cache.record('racy', fileStat({ ctimeNs: boundary - 1n }), id, boundary);
    expect(await cache.checkpoint()).toBe(true);
    expect(storage.saves).toMatchObject([{ put: ['d'], remove: [] }]);
    expect([...asMap(await stored(storage)).keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect([cache.racy, cache.dirty, cache.size]).toEqual([1, true, 5]);
    expect(storage.probes).toBe(1);
  });

  it('writes nothing without a new trusted entry', async () => {
    const { cache, storage, boundary } = await opened();
    expect(await cache.checkpoint()).toBe(false);
    cache.record('racy', fileStat(), id);
    cache.record('a', fileStat({ ctimeNs: boundary }), id, boundary);
    cache.record('b', fileStat(), id, boundary);
    cache.prune(new Set(['a', 'b', 'racy']));
    expect(await cache.checkpoint()).toBe(false);
    expect(storage.saves).toEqual([]);
    expect([...asMap(await stored(storage)).keys()]).toEqual(['a', 'b', 'c']);
    cache.record('d', fileStat(), id, boundary);
    expect(await cache.checkpoint()).toBe(true);
    expect(await cache.checkpoint()).toBe(false);
    expect(await StatCache.empty().checkpoint()).toBe(false);
  });

  it('is followed by others, and by a save, each with all changes since loading', async () => {
    const { cache, storage, boundary } = await opened();
    for (const path of ['d', 'e', 'a', 'd']) {
      cache.record(path, fileStat({ ino: BigInt(200 + storage.saves.length) }), id, boundary);
      storage.beforeSave = async () => {
        // What is recorded meanwhile is not in this one.
        cache.record('meanwhile', fileStat({ ino: BigInt(storage.saves.length) }), id, boundary);
        await Promise.resolve();
      };
      await cache.checkpoint();
    }
    storage.beforeSave = () => undefined;
    expect(asMap(await stored(storage)).get('meanwhile')?.ino).toBe(2n);
    cache.prune(new Set(['a', 'd', 'meanwhile']));
    await cache.save();
    expect(storage.saves.map(({ put, remove }) => [put, remove.sort()])).toEqual([
      [['d'], []],
      [['d', 'meanwhile', 'e'], []],
      [['d', 'meanwhile', 'e', 'a'], []],
      [['d', 'meanwhile', 'e', 'a'], []],
      [
        ['d', 'meanwhile', 'a'],
        ['b', 'c', 'e'],
      ],
    ]);
    expect(asMap(await stored(storage))).toEqual(asMap(cache));
    expect([cache.size, cache.dirty]).toEqual([3, false]);
  });

  it('leaves what it could not store to the next one', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('d', fileStat(), id, boundary);
    storage.beforeSave = () => {
      throw new Error('disk full');
    };
    await expect(cache.checkpoint()).rejects.toThrow('disk full');
    cache.record('e', fileStat(), id, boundary);
    storage.beforeSave = () => undefined;
    expect(await cache.checkpoint()).toBe(true);
    expect(storage.saves).toMatchObject([{ put: ['d', 'e'], remove: [] }]);
  });

  it('keeps what was loaded for whoever matches its lines, until it is compacted', async () => {
    const root = await museRoot();
    const cache = await StatCache.open({ root });
    const boundary = await cache.boundary();
    for (let n = 0; n < 1500; n++) {
      cache.record(`f${n}`, fileStat(), id, boundary);
      if (n % 400 === 399) await cache.checkpoint();
    }
    expect([cache.lines?.count, cache.isPending('f0'), cache.hasPending]).toEqual([0, true, true]);
    await cache.save();
    await cache.compact(1501);
    expect(cache.lines?.count).toBe(0);
    await cache.compact();
    expect([cache.lines?.count, cache.isPending('f0'), cache.hasPending]).toEqual([1500, false, false]);
    expect(asMap(await StatCache.open({ root }))).toEqual(asMap(cache));
  });
});

describe('save', () => {
  it('hands over what changed alone', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('a', fileStat({ size: 6n }), id, boundary);
    cache.record('d', fileStat(), id, boundary);
    cache.record('gone', fileStat(), id, boundary);
    cache.prune(new Set(['a', 'b', 'd']));
    await cache.save();
    expect(storage.saves).toMatchObject([{ put: ['a', 'd'], remove: ['c'] }]);
    expect([...asMap(await stored(storage)).keys()]).toEqual(['a', 'b', 'd']);
    expect(cache.dirty).toBe(false);
    expect([cache.size, cache.has('c'), cache.has('d')]).toEqual([3, false, true]);
    expect(cache.lookup('a', fileStat({ size: 6n }))).toBe(id);
    await cache.save();
    expect(storage.saves).toHaveLength(1);
  });

  it('hands over all changes since loading, save after save', async () => {
    const { cache, storage, boundary } = await opened();
    for (const path of ['d', 'e', 'a']) {
      cache.record(path, fileStat({ ino: 9n }), id, boundary);
      await cache.save();
    }
    cache.prune(new Set(['a', 'b']));
    await cache.save();
    cache.record('d', fileStat(), id, boundary);
    await cache.save();
    expect(storage.saves.map(({ put, remove }) => [put, remove.sort()])).toEqual([
      [['d'], []],
      [['d', 'e'], []],
      [['d', 'e', 'a'], []],
      [['a'], ['c', 'd', 'e']],
      [
        ['d', 'a'],
        ['c', 'e'],
      ],
    ]);
    expect(asMap(await stored(storage))).toEqual(asMap(cache));
  });

  it('hands over entries with their own fields and no others', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('d', fileStat(), id, boundary);
    await cache.save();
    expect((await stored(storage)).get('d')).toEqual(cacheEntry());
    expect(asMap(cache).get('d')).toEqual(cacheEntry());
  });

  it('does not write when what was recorded is what is stored', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('a', fileStat(), id, boundary);
    cache.setDimension('b', id, 'x', 'y');
    cache.record('b', fileStat(), idOf('other'), boundary);
    cache.record('b', fileStat(), id, boundary);
    cache.record('new', fileStat(), id, boundary);
    cache.prune(new Set(['a', 'b', 'c']));
    cache.prune(new Set(['a', 'b']));
    cache.record('c', fileStat(), id, boundary);
    expect(cache.dirty).toBe(true);
    await cache.save();
    expect(storage.saves).toEqual([]);
    expect(cache.dirty).toBe(false);
    expect(asMap(cache)).toEqual(asMap(await stored(storage)));
  });

  it('takes a racy entry out of the storage, and keeps it in memory as racy', async () => {
    const { cache, storage } = await opened();
    const ahead = await cache.boundary();
    cache.record('a', fileStat({ ctimeNs: ahead }), id);
    cache.record('new', fileStat({ ctimeNs: ahead }), id);
    await cache.save();
    expect(storage.saves).toMatchObject([{ put: [], remove: ['a'] }]);
    expect([cache.racy, cache.size, cache.dirty]).toEqual([2, 4, false]);
    expect(cache.missReason('a', fileStat({ ctimeNs: ahead }))).toBe('racy');
    expect([...asMap(await stored(storage)).keys()]).toEqual(['b', 'c']);
  });

  it('rejects when the storage fails, and saves everything the next time', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('d', fileStat(), id, boundary);
    cache.prune(new Set(['a', 'd']));
    storage.beforeSave = () => {
      throw new Error('disk full');
    };
    await expect(cache.save()).rejects.toThrow('disk full');
    await expect(cache.save()).rejects.toThrow('disk full');
    expect(cache.dirty).toBe(true);
    expect([...asMap(cache).keys()]).toEqual(['a', 'd']);
    cache.record('e', fileStat(), id, boundary);
    storage.beforeSave = () => undefined;
    await cache.save();
    expect(storage.saves.map(({ put, remove }) => [put, remove])).toEqual([
      [
        ['d', 'e'],
        ['b', 'c'],
      ],
    ]);
    expect(cache.dirty).toBe(false);
    expect(asMap(await stored(storage))).toEqual(asMap(cache));
  });

  it('leaves what is changed while it is under way to the next save', async () => {
    const { cache, storage, boundary } = await opened();
    cache.record('put, then pruned', fileStat(), id, boundary);
    cache.record('put, then replaced', fileStat(), id, boundary);
    cache.record('put, then racy', fileStat(), id, boundary);
    cache.prune(new Set(['b', 'c', 'put, then pruned', 'put, then replaced', 'put, then racy']));
    storage.beforeSave = () => {
      storage.beforeSave = () => undefined;
      cache.prune(new Set(['b', 'put, then replaced', 'put, then racy']));
      cache.record('put, then replaced', fileStat({ ino: 5n }), id, boundary);
      cache.record('put, then racy', fileStat({ ino: 5n }), id);
      cache.record('a', fileStat({ ino: 5n }), id, boundary);
      cache.setDimension('b', id, 'n', 'v');
    };
    await cache.save();
    expect(cache.dirty).toBe(true);
    expect([...asMap(cache).keys()]).toEqual(['a', 'b', 'put, then racy', 'put, then replaced']);
    expect(cache.size).toBe(4);
    expect(cache.lookup('put, then replaced', fileStat({ ino: 5n }))).toBe(id);
    expect(cache.lookup('put, then replaced', fileStat())).toBeUndefined();
    expect(cache.lookup('put, then racy', fileStat({ ino: 5n }))).toBeUndefined();
    await cache.save();
    expect(cache.dirty).toBe(false);
    const after = asMap(await stored(storage));
    expect([...after.keys()]).toEqual(['a', 'b', 'put, then replaced']);
    expect(after.get('a')?.ino).toBe(5n);
    expect(after.get('b')?.dimensions.get('n')).toBe('v');
    expect(after.get('put, then replaced')?.ino).toBe(5n);
  });

  it('runs one after the other, and once for what one of them has saved', async () => {
    const { cache, storage, boundary } = await opened();
    let running = 0;
    storage.beforeSave = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
    };
    cache.record('d', fileStat(), id, boundary);
    const saves = [cache.save(), cache.save()];
    cache.record('e', fileStat(), id, boundary);
    saves.push(cache.save());
    await Promise.all(saves);
    expect(storage.saves.flatMap(({ put }) => put).sort()).toEqual(['d', 'e']);
    expect(cache.dirty).toBe(false);
  });

  it('does not hold a failure of one call against the next', async () => {
    const { cache, storage, boundary } = await opened();
    let failures = 1;
    storage.beforeSave = () => {
      if (failures-- > 0) throw new Error('once');
    };
    cache.record('d', fileStat(), id, boundary);
    const results = await Promise.allSettled([cache.save(), cache.save()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(cache.dirty).toBe(false);
  });
});

describe('save to a file', () => {
  it('leaves the file alone, byte for byte and inode for inode, when nothing changed', async () => {
    const root = await museRoot({ a: 'hello' });
    const first = await StatCache.open({ root });
    await first.getObjectHash(root, join(root, 'a'));
    await first.save();
    const [text, { ino, mtimeNs }] = [storedText(root), statSync(statJson(root), { bigint: true })];
    const cache = await StatCache.open({ root });
    const boundary = await cache.boundary();
    cache.record('a', statOf(root, 'a'), id, boundary);
    expect([cache.dirty, cache.racy]).toEqual([true, 0]);
    await cache.save();
    expect(storedText(root)).toBe(text);
    expect(statSync(statJson(root), { bigint: true })).toMatchObject({ ino, mtimeNs });
  });

  it('refuses a file that the next load would refuse, and keeps the old one', async () => {
    const root = await museRoot();
    const first = await StatCache.open({ root });
    first.record('a', fileStat(), id, await first.boundary());
    await first.save();
    const text = storedText(root);
    const cache = await StatCache.open({ root, maxBytes: text.length });
    expect(cache.size).toBe(1);
    cache.record('b', fileStat(), id, await cache.boundary());
    await expect(cache.save()).rejects.toMatchObject({ name: 'CacheNotSavedError', code: 'EFBIG' });
    expect(storedText(root)).toBe(text);
    expect(inCache(root)).toEqual(['stat.json']);
    cache.prune(new Set(['a']));
    await cache.save();
    expect(storedText(root)).toBe(text);
  });

  it('replaces a file that it could not use', async () => {
    const root = await museRoot({ '.muse/cache/stat.json': 'garbage' });
    const cache = await StatCache.open({ root });
    cache.record('a', fileStat(), id, await cache.boundary());
    await cache.save();
    expect((await StatCache.open({ root })).lookup('a', fileStat())).toBe(id);
  });

  it('gives the same bytes whether entries came at once, one by one, or over a hand-written file', async () => {
    const texts = new Set<string>();
    const names = ['b', 'a', 'é', 'a/b', '\udcff', '💩'];
    for (const way of ['at once', 'one by one', 'by hand']) {
      const root = await museRoot();
      if (way === 'by hand') {
        const { mtimeNs, ctimeNs } = cacheEntry();
        const seconds = (ns: bigint) =>
          `${String(ns / 10n ** 9n)}.${String(ns % 10n ** 9n).padStart(9, '0')}`;
        const value = `{"ino":131,"size":5,"ctime":${seconds(ctimeNs)},"mtime":${seconds(mtimeNs)},"object_hash":"${id}"}`;
        const members = names.slice(0, 3).map((name) => `${JSON.stringify(name)}: ${value}`);
        await StatCache.open({ root }).then((cache) => cache.boundary());
        writeFileSync(statJson(root), `{ "entries": { ${members.join(', ')} }, "version": 3 }`);
      }
      let cache = await StatCache.open({ root });
      expect(cache.size).toBe(way === 'by hand' ? 3 : 0);
      const boundary = await cache.boundary();
      for (const name of names) {
        cache.record(name, fileStat(), id, boundary);
        if (way !== 'one by one') continue;
        await cache.save();
        cache = await StatCache.open({ root });
      }
      await cache.save();
      texts.add(storedText(root));
    }
    expect(texts.size).toBe(1);
  });
});
