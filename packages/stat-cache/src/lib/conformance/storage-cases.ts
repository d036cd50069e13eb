import assert from 'node:assert/strict';
import { contentsOf } from '../memory-storage.js';
import { StatCache } from '../stat-cache.js';
import type { CacheChange, CacheContents, CacheStorage, FileCacheEntry } from '../types.js';
import { checked, expectContents, loadedContents } from './expect-contents.js';
import { DIMENSIONED, EXACT, HOSTILE, many, specimen } from './specimens.js';

/**
 * A place of its own for one case, empty at first. What can be done to it is up to the storage: a case that needs a harm
 * which the subject does not offer asks for nothing.
 */
export interface StorageSubject {
  /** Returns a storage over the place, each time another object: what one has saved, the next one loads. */
  open(): Promise<CacheStorage>;
  /** Replaces the stored bytes by what `change` makes of them. Where contents are bytes. */
  readonly breakBytes?: ((change: (bytes: Uint8Array) => Uint8Array) => Promise<void>) | undefined;
  /** Makes every read fail, until the function is called that it returns. */
  readonly failReads?: (() => Promise<() => Promise<void>>) | undefined;
  /** Makes every write fail, at its beginning or later, until the function is called that it returns. */
  readonly failWrites?: (() => Promise<() => Promise<void>>) | undefined;
  /** Puts an entry by a second process. */
  readonly saveElsewhere?: ((path: string, entry: FileCacheEntry) => Promise<void>) | undefined;
  /** Takes away all that is stored, as somebody does who deletes it. */
  readonly takeAway?: (() => Promise<void>) | undefined;
}

/** Something that every storage must do. */
export interface StorageCase {
  readonly name: string;
  /** Rejects with an `AssertionError` where the storage does not. */
  run(subject: StorageSubject): Promise<void>;
}

type Entries = ReadonlyMap<string, FileCacheEntry>;
type Run = StorageCase['run'];

/** Returns entries that are told apart by a number. */
function numbered(numbers: Readonly<Record<string, number>>): Entries {
  return new Map(Object.entries(numbers).map(([path, number]) => [path, specimen(number)]));
}

const NONE: Entries = new Map();
const ABC = numbered({ a: 1, b: 2, c: 3 });

/** Loads what must be there whole. */
async function load(storage: CacheStorage): Promise<CacheContents> {
  return loadedContents(await storage.load({ maxBytes: Number.MAX_SAFE_INTEGER }));
}

/** Opens, loads and saves a change, as a process of its own would. */
async function change(subject: StorageSubject, put: Entries, ...remove: string[]): Promise<void> {
  const storage = await subject.open();
  await storage.save({ base: await load(storage), put, remove: new Set(remove) });
}

async function expectStored(subject: StorageSubject, expected: Entries): Promise<void> {
  expectContents(await load(await subject.open()), expected);
}

/** Fails unless nothing but true entries is stored, among them those of `least`. */
async function expectTrue(subject: StorageSubject, truth: Entries, least: Entries): Promise<void> {
  const contents = await load(await subject.open());
  const there = [...contents.entries()].map(([path]) => path);
  for (const path of [...there, ...least.keys()]) {
    const entry = truth.get(path);
    assert(entry, `nothing may be stored for ${JSON.stringify(path)}`);
    assert.deepEqual(contents.get(path), entry, `the entry of ${JSON.stringify(path)}`);
  }
}

/** Every other entry, and the rest. */
function halves(entries: Entries): [Entries, Entries] {
  const all = [...entries];
  return [new Map(all.filter((_, at) => at % 2 === 0)), new Map(all.filter((_, at) => at % 2 === 1))];
}

function without(entries: Entries, ...paths: string[]): Entries {
  return new Map([...entries].filter(([path]) => !paths.includes(path)));
}

/** Cases of contents: whatever is put is there, whatever is removed is gone, to the letter. */
const contents: Readonly<Record<string, Run>> = {
  'an empty place loads as nothing, or as no entries': (subject) => expectStored(subject, NONE),
  'an entry that is put is there after reopening': async (subject) => {
    await change(subject, ABC);
    await expectStored(subject, ABC);
  },
  'the storage that saved loads what it saved': async (subject) => {
    const storage = await subject.open();
    await storage.save({ base: await load(storage), put: ABC, remove: new Set() });
    expectContents(await load(storage), ABC);
  },
  'an entry that is put again is replaced, and the others stay': async (subject) => {
    await change(subject, ABC);
    await change(subject, new Map([['b', specimen(4, { dimensions: new Map([['x', 'y']]) })]]));
    await change(subject, numbered({ b: 5 }));
    await expectStored(subject, numbered({ a: 1, b: 5, c: 3 }));
  },
  'an entry that is removed is gone, and the others stay': async (subject) => {
    await change(subject, ABC);
    await change(subject, NONE, 'b');
    await expectStored(subject, without(ABC, 'b'));
    await change(subject, NONE, 'a', 'c');
    await expectStored(subject, NONE);
  },
  'one save both puts and removes': async (subject) => {
    await change(subject, numbered({ a: 1, b: 2 }));
    await change(subject, numbered({ a: 3, c: 4 }), 'b');
    await expectStored(subject, numbered({ a: 3, c: 4 }));
  },
  'removing paths that are not there changes nothing': async (subject) => {
    await change(subject, NONE, 'a', 'b/c');
    await expectStored(subject, NONE);
    await change(subject, numbered({ b: 1 }));
    await change(subject, NONE, 'a', 'b/c', '__proto__', 'é', 'B');
    await expectStored(subject, numbered({ b: 1 }));
  },
  'an empty change changes nothing': async (subject) => {
    await change(subject, NONE);
    await expectStored(subject, NONE);
    await change(subject, HOSTILE);
    await change(subject, NONE);
    await expectStored(subject, HOSTILE);
  },
  'many saves add up': async (subject) => {
    const storage = await subject.open();
    const expected = new Map<string, FileCacheEntry>();
    for (let round = 0; round < 12; round++) {
      const put = numbered({ [`f${round}`]: round, same: 100 + round });
      const remove = new Set([`f${round - 3}`]);
      await storage.save({ base: await load(storage), put, remove });
      for (const [path, entry] of put) expected.set(path, entry);
      for (const path of remove) expected.delete(path);
    }
    await expectStored(subject, expected);
  },
  'many saves follow one load, each with all that changed since': async (subject) => {
    await change(subject, numbered({ kept: 1, removed: 2, replaced: 3 }));
    const storage = await subject.open();
    const base = await load(storage);
    const first = new Map(base.entries());
    const put = new Map<string, FileCacheEntry>();
    const remove = new Set<string>();
    for (let round = 0; round < 12; round++) {
      put.set(`f${round}`, specimen(10 + round));
      if (round % 3 === 1) put.set('replaced', specimen(100 + round));
      for (const path of round === 5 ? ['removed'] : [`f${round - 3}`]) {
        put.delete(path);
        remove.add(path);
      }
      await storage.save({ base, put: new Map(put), remove: new Set(remove) });
      await expectStored(subject, new Map([...without(first, ...remove), ...put]));
    }
    expectContents(base, first);
  },
  'numbers are exact: nanoseconds, inodes above 2^53, times before the epoch': async (subject) => {
    await change(subject, EXACT);
    await expectStored(subject, EXACT);
  },
  'any tree path is a key of its own, whatever is in it': async (subject) => {
    await change(subject, HOSTILE);
    await expectStored(subject, HOSTILE);
    const [kept, removed] = halves(HOSTILE);
    await change(subject, NONE, ...removed.keys());
    await expectStored(subject, kept);
    await change(subject, removed);
    await expectStored(subject, HOSTILE);
  },
  'dimensions are kept, whatever is in them': async (subject) => {
    await change(subject, DIMENSIONED);
    await expectStored(subject, DIMENSIONED);
  },
  '20,000 entries are stored, changed and loaded': async (subject) => {
    const entries = many(20_000);
    await change(subject, entries);
    await expectStored(subject, entries);
    const [kept, rest] = halves(entries);
    const [replaced, removed] = halves(rest);
    const newer = new Map([...replaced.keys()].map((path, n) => [path, specimen(n, { size: 7n })]));
    await change(subject, newer, ...removed.keys());
    await expectStored(subject, new Map([...kept, ...newer]));
  },
};

/** Cases of isolation: one caller sees all of another's change, or none of it. */
const isolation: Readonly<Record<string, Run>> = {
  'contents that were loaded do not change by later saves': async (subject) => {
    const storage = await subject.open();
    const before = await load(storage);
    await storage.save({ base: before, put: numbered({ a: 1, b: 2 }), remove: new Set() });
    const after = await load(storage);
    const iterator = after.entries()[Symbol.iterator]();
    iterator.next();
    await storage.save({ base: after, put: numbered({ a: 3, c: 4 }), remove: new Set(['b']) });
    expectContents(before, NONE);
    expectContents(after, numbered({ a: 1, b: 2 }));
    assert.equal(iterator.next().done, false, 'an iteration that has begun goes on');
    await expectStored(subject, numbered({ a: 3, c: 4 }));
  },
  'what was saved does not change with the maps it came in': async (subject) => {
    const storage = await subject.open();
    await change(subject, numbered({ b: 2 }));
    const put = new Map(numbered({ a: 1 }));
    const remove = new Set(['b']);
    await storage.save({ base: await load(storage), put, remove });
    put.set('x', specimen(9)).delete('a');
    remove.clear();
    expectContents(await load(storage), numbered({ a: 1 }));
    await expectStored(subject, numbered({ a: 1 }));
  },
  'saves at the same time all succeed, and leave one complete state': async (subject) => {
    const old = numbered({ kept: 1, 'also/kept': 2 });
    await change(subject, old);
    const puts = Array.from({ length: 12 }, (_, n) => numbered({ [`a${n}`]: 10 + n, [`b${n}`]: 50 + n }));
    await Promise.all(puts.map((put) => change(subject, put)));
    const stored = await load(await subject.open());
    // The last one may win or all may add up; each is there whole or not at all.
    const there = puts.filter((put) => [...put.keys()].some((path) => stored.has(path)));
    assert(there.length > 0, 'at least one of the saves must be there');
    expectContents(stored, new Map([...old, ...there.flatMap((put) => [...put])]));
  },
  'a load at the same time as saves sees one complete state': async (subject) => {
    const states = [many(300), many(200)] as const;
    await change(subject, states[0]);
    const gone = [...states[0].keys()].filter((path) => !states[1].has(path));
    const state = { isSaving: true };
    const saves = (async () => {
      for (let round = 0; round < 4; round++) {
        await change(subject, NONE, ...gone);
        await change(subject, states[0]);
      }
    })().finally(() => {
      state.isSaving = false;
    });
    try {
      while (state.isSaving) {
        const { size } = await load(await subject.open());
        assert(size === 300 || size === 200, `a load saw ${size} entries, and must see 300 or 200`);
      }
    } finally {
      await Promise.allSettled([saves]);
    }
    await saves;
  },
  'what a second process saved is seen, and does not mix with a save': async (subject) => {
    const storage = await subject.open();
    const base = await load(storage);
    const other = numbered({ other: 2 });
    if (subject.saveElsewhere) await subject.saveElsewhere('other', specimen(2));
    else await change(subject, other);
    expectContents(await load(storage), other);
    await storage.save({ base, put: ABC, remove: new Set() });
    await expectTrue(subject, new Map([...ABC, ...other]), ABC);
  },
};

/** Bounds, and what the clock says. */
const options: Readonly<Record<string, Run>> = {
  'a limit is kept whole: all entries, or none and a reason': async (subject) => {
    const entries = many(50);
    await change(subject, entries);
    const storage = await subject.open();
    const result = await storage.load({ maxBytes: 100 });
    if (result && 'discarded' in result) assert.equal(result.discarded, 'too-large');
    else expectContents(loadedContents(result), entries);
    const saving = storage.save(
      { base: await load(storage), put: many(60), remove: new Set() },
      { maxBytes: 100 },
    );
    const isSaved = await saving.then(
      () => true,
      () => false,
    );
    await expectStored(subject, isSaved ? many(60) : entries);
  },
  'a load that is aborted rejects with the reason, or gives what is stored': async (subject) => {
    await change(subject, ABC);
    const reason = new Error('enough');
    const storage = await subject.open();
    const loading = storage.load({ maxBytes: Number.MAX_SAFE_INTEGER, signal: AbortSignal.abort(reason) });
    const loaded = await loading.catch((error: unknown) => {
      assert.equal(error, reason, 'the reason');
    });
    if (loaded) expectContents(loadedContents(loaded), ABC);
  },
  'a clock shows a time that does not go back, and stores nothing': async (subject) => {
    const storage = await subject.open();
    const stamps = [await storage.probe?.(), await storage.probe?.()] as const;
    for (const stamp of stamps) {
      if (!stamp) continue;
      assert.equal(typeof stamp.ctimeNs, 'bigint', 'ctimeNs');
      assert.equal(typeof stamp.dev, 'bigint', 'dev');
    }
    assert(
      !stamps[0] || !stamps[1] || stamps[0].ctimeNs <= stamps[1].ctimeNs,
      'a later stamp must not be less',
    );
    await expectStored(subject, NONE);
  },
};

/** Cases of damage and failure. */
const harm: Readonly<Record<string, Run>> = {
  'stored bytes that are damaged give a reason or true entries, and the next save mends them': async (
    subject,
  ) => {
    const { breakBytes } = subject;
    if (!breakBytes) return;
    const damages: ((bytes: Uint8Array) => Uint8Array)[] = [
      () => new Uint8Array(),
      () => Buffer.from('garbage'),
      (bytes) => bytes.subarray(0, bytes.length >> 1),
      (bytes) => Buffer.concat([bytes, bytes]),
      ...[0.1, 0.3, 0.5, 0.7, 0.9].map((part) => (bytes: Uint8Array) => {
        const at = Math.floor(bytes.length * part);
        return Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
      }),
    ];
    const put = numbered({ d: 4 });
    const all = new Map([...ABC, ...put]);
    for (const damage of damages) {
      await change(subject, ABC);
      await breakBytes(damage);
      const storage = await subject.open();
      const result = await checked(await storage.load({ maxBytes: Number.MAX_SAFE_INTEGER }));
      const found = result && 'contents' in result ? result.contents : contentsOf(NONE);
      for (const [path, entry] of found.entries())
        assert.deepEqual(entry, all.get(path), 'damage must make no entry');
      await storage.save({ base: found, put, remove: new Set() });
      await expectTrue(subject, all, put);
    }
  },
  'a read that fails is a reason, and not the same as nothing stored': async (subject) => {
    const restore = await subject.failReads?.();
    if (!restore) return;
    const result = await (await subject.open()).load({ maxBytes: Number.MAX_SAFE_INTEGER });
    await restore();
    assert(result && 'discarded' in result, 'the result must be discarded');
    assert.equal(typeof result.detail, 'string');
  },
  'a write that fails rejects, and leaves what was stored': async (subject) => {
    if (!subject.failWrites) return;
    await change(subject, ABC);
    const storage = await subject.open();
    const base = await load(storage);
    const next: CacheChange = { base, put: many(300), remove: new Set(['a']) };
    const restore = await subject.failWrites();
    await assert.rejects(storage.save(next), 'a save that cannot be written must reject');
    await storage.probe?.().catch(() => undefined);
    await restore();
    await expectStored(subject, ABC);
    await storage.save(next);
    await expectStored(subject, new Map([...without(ABC, 'a'), ...next.put]));
  },
  'a store that is taken away is empty, and the next save begins it again': async (subject) => {
    if (!subject.takeAway) return;
    await change(subject, ABC);
    const storage = await subject.open();
    const base = await load(storage);
    await subject.takeAway();
    await expectStored(subject, NONE);
    const put = numbered({ d: 4 });
    await storage.save({ base, put, remove: new Set(['a']) });
    await expectTrue(subject, new Map([...without(ABC, 'a'), ...put]), put);
  },
};

/** A cache works on top of the storage. */
const caches: Readonly<Record<string, Run>> = {
  'a StatCache on top hits after reopening, and never by a racy entry': async (subject) => {
    const first = await openCache(subject);
    const boundary = await first.boundary();
    const [[dimensioned], ...rest] = [...HOSTILE].slice(0, 40) as [
      [string, FileCacheEntry],
      ...[string, FileCacheEntry][],
    ];
    const entries: Entries = new Map([[dimensioned, specimen(0)], ...rest]);
    const { objectId } = specimen(0);
    for (const [path, entry] of entries) first.record(path, statOf(entry), entry.objectId, boundary);
    first.record('racy', { ...statOf(specimen(1)), ctimeNs: 2n ** 62n }, specimen(1).objectId);
    assert(first.setDimension(dimensioned, objectId, 'symbols', 'f'));
    await first.save();

    const second = await openCache(subject);
    assert.equal(second.discarded, undefined);
    assert.equal(second.size, entries.size);
    for (const [path, entry] of entries) {
      const stat = statOf(entry);
      assert.equal(second.lookup(path, stat), entry.objectId, `a hit for ${JSON.stringify(path)}`);
      assert.equal(second.lookup(path, { ...stat, ctimeNs: stat.ctimeNs + 1n }), undefined);
    }
    assert.equal(second.getDimension(dimensioned, objectId, 'symbols'), 'f');
    assert.equal(second.dirty, false);
    second.prune(new Set([dimensioned]));
    await second.save();
    assert.equal((await openCache(subject)).size, 1);
  },
  'a StatCache on top stores what it has again and again in the middle of a run': async (subject) => {
    const cache = await openCache(subject);
    const boundary = await cache.boundary();
    const entries = [...HOSTILE].slice(0, 40);
    for (const [index, [path, entry]] of entries.entries()) {
      cache.record(path, statOf(entry), entry.objectId, boundary);
      if (index % 10 !== 9) continue;
      assert.equal(await cache.checkpoint(), true);
      if (index === 19) await cache.compact(1);
      const stored = await openCache(subject);
      assert.equal(stored.size, index + 1);
      for (const [known, held] of entries.slice(0, index + 1)) {
        assert.equal(stored.lookup(known, statOf(held)), held.objectId);
      }
    }
    assert.equal(await cache.checkpoint(), false, 'there is nothing new');
    cache.prune(new Set(entries.slice(0, 1).map(([path]) => path)));
    await cache.save();
    assert.equal((await openCache(subject)).size, 1);
  },
};

function openCache(subject: StorageSubject): Promise<StatCache> {
  return subject.open().then((storage) => StatCache.open({ root: '/nowhere', storage }));
}

function statOf({ size, mtimeNs, ctimeNs, ino }: FileCacheEntry) {
  assert(ctimeNs !== undefined);
  return { dev: 1n, size, mtimeNs, ctimeNs, ino };
}

/** The cases that every storage must pass; each wants a subject of its own. */
export const storageCases: readonly StorageCase[] = Object.entries({
  ...contents,
  ...isolation,
  ...options,
  ...harm,
  ...caches,
}).map(([name, run]) => ({ name, run }));
