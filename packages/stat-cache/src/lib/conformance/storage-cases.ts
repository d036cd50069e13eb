import assert from 'node:assert/strict';
import { StatCache, type CacheContents, type CacheStorage, type FileCacheEntry } from '../../index.js';
import { contentsOf, expectContents } from './expect-contents.js';
import { DIMENSIONED, EXACT, HOSTILE, many, specimen } from './specimens.js';

/** A place of its own for one case, empty at first. */
export interface StorageSubject {
  /** Returns a storage over the place, each time another object: what one has saved, the next one loads. */
  open(): Promise<CacheStorage>;
}

/** Something that every storage must do. */
export interface StorageCase {
  readonly name: string;
  /** Rejects with an `AssertionError` where the storage does not. */
  run(subject: StorageSubject): Promise<void>;
}

type Entries = ReadonlyMap<string, FileCacheEntry>;

/** What every storage must do; each case wants a subject of its own. */
export const storageCases: readonly StorageCase[] = [
  {
    name: 'an empty place loads as nothing, or as no entries',
    run: async (subject) => {
      await expectStored(subject, new Map());
    },
  },
  {
    name: 'an entry that is put is there after reopening',
    run: async (subject) => {
      const entries = new Map([['src/a.c', specimen(1)]]);
      await put(subject, entries);
      await expectStored(subject, entries);
    },
  },
  {
    name: 'the storage that saved loads what it saved',
    run: async (subject) => {
      const storage = await subject.open();
      const base = await load(storage);
      const entries = new Map([['a', specimen(1)]]);
      await storage.save({ base, put: entries, remove: new Set() });
      expectContents(await load(storage), entries);
    },
  },
  {
    name: 'an entry that is put again is replaced, and the others stay',
    run: async (subject) => {
      await put(
        subject,
        new Map([
          ['a', specimen(1)],
          ['b', specimen(2)],
          ['c', specimen(3)],
        ]),
      );
      await put(subject, new Map([['b', specimen(4, { dimensions: new Map([['x', 'y']]) })]]));
      await put(subject, new Map([['b', specimen(5)]]));
      await expectStored(
        subject,
        new Map([
          ['a', specimen(1)],
          ['b', specimen(5)],
          ['c', specimen(3)],
        ]),
      );
    },
  },
  {
    name: 'an entry that is removed is gone, and the others stay',
    run: async (subject) => {
      await put(
        subject,
        new Map([
          ['a', specimen(1)],
          ['b', specimen(2)],
          ['c', specimen(3)],
        ]),
      );
      await change(subject, new Map(), ['b']);
      await expectStored(
        subject,
        new Map([
          ['a', specimen(1)],
          ['c', specimen(3)],
        ]),
      );
      await change(subject, new Map(), ['a', 'c']);
      await expectStored(subject, new Map());
    },
  },
  {
    name: 'one save both puts and removes',
    run: async (subject) => {
      await put(
        subject,
        new Map([
          ['a', specimen(1)],
          ['b', specimen(2)],
        ]),
      );
      await change(
        subject,
        new Map([
          ['a', specimen(3)],
          ['c', specimen(4)],
        ]),
        ['b'],
      );
      await expectStored(
        subject,
        new Map([
          ['a', specimen(3)],
          ['c', specimen(4)],
        ]),
      );
    },
  },
  {
    name: 'removing paths that are not there changes nothing',
    run: async (subject) => {
      await change(subject, new Map(), ['a', 'b/c']);
      await expectStored(subject, new Map());
      await put(subject, new Map([['b', specimen(1)]]));
      await change(subject, new Map(), ['a', 'b/c', '__proto__', 'é', 'B']);
      await expectStored(subject, new Map([['b', specimen(1)]]));
    },
  },
  {
    name: 'an empty change changes nothing',
    run: async (subject) => {
      await change(subject, new Map(), []);
      await expectStored(subject, new Map());
      await put(subject, HOSTILE);
      await change(subject, new Map(), []);
      await expectStored(subject, HOSTILE);
    },
  },
  {
    name: 'many saves add up',
    run: async (subject) => {
      const storage = await subject.open();
      const expected = new Map<string, FileCacheEntry>();
      for (let round = 0; round < 12; round++) {
        const base = await load(storage);
        const added = new Map([
          [`f${round}`, specimen(round)],
          ['same', specimen(100 + round)],
        ]);
        const removed = new Set([`f${round - 3}`]);
        await storage.save({ base, put: added, remove: removed });
        for (const [path, entry] of added) expected.set(path, entry);
        for (const path of removed) expected.delete(path);
      }
      await expectStored(subject, expected);
    },
  },
  {
    name: 'numbers are exact: nanoseconds, inodes above 2^53, times before the epoch',
    run: async (subject) => {
      await put(subject, EXACT);
      await expectStored(subject, EXACT);
    },
  },
  {
    name: 'any tree path is a key of its own, whatever is in it',
    run: async (subject) => {
      await put(subject, HOSTILE);
      await expectStored(subject, HOSTILE);
      const [kept, removed] = halves(HOSTILE);
      await change(subject, new Map(), [...removed.keys()]);
      await expectStored(subject, kept);
      await put(subject, removed);
      await expectStored(subject, HOSTILE);
    },
  },
  {
    name: 'dimensions are kept, whatever is in them',
    run: async (subject) => {
      await put(subject, DIMENSIONED);
      await expectStored(subject, DIMENSIONED);
    },
  },
  {
    name: 'contents that were loaded do not change by later saves',
    run: async (subject) => {
      const storage = await subject.open();
      const before = await load(storage);
      const first = new Map([
        ['a', specimen(1)],
        ['b', specimen(2)],
      ]);
      await storage.save({ base: before, put: first, remove: new Set() });
      const after = await load(storage);
      const iterator = after.entries()[Symbol.iterator]();
      iterator.next();
      const second = new Map([
        ['a', specimen(3)],
        ['c', specimen(4)],
      ]);
      await storage.save({ base: after, put: second, remove: new Set(['b']) });
      expectContents(before, new Map());
      expectContents(after, first);
      assert.equal(iterator.next().done, false, 'an iteration that has begun goes on');
      await expectStored(
        subject,
        new Map([
          ['a', specimen(3)],
          ['c', specimen(4)],
        ]),
      );
    },
  },
  {
    name: 'what was saved does not change with the maps it came in',
    run: async (subject) => {
      const storage = await subject.open();
      await put(subject, new Map([['b', specimen(2)]]));
      const added = new Map<string, FileCacheEntry>([['a', specimen(1)]]);
      const removed = new Set(['b']);
      await storage.save({ base: await load(storage), put: added, remove: removed });
      added.set('x', specimen(9)).delete('a');
      removed.clear();
      expectContents(await load(storage), new Map([['a', specimen(1)]]));
      await expectStored(subject, new Map([['a', specimen(1)]]));
    },
  },
  {
    name: 'saves at the same time all succeed, and leave one complete state',
    run: async (subject) => {
      const old = new Map([
        ['kept', specimen(1)],
        ['also/kept', specimen(2)],
      ]);
      await put(subject, old);
      const added = Array.from({ length: 12 }, (_, n) => {
        return new Map([
          [`a${n}`, specimen(10 + n)],
          [`b${n}`, specimen(50 + n)],
        ]);
      });
      await Promise.all(added.map((entries) => put(subject, entries)));
      const contents = await load(await subject.open());
      // The last one may win or all may add up; each is there whole or not at all.
      const there = added.filter((entries) => [...entries.keys()].some((path) => contents.has(path)));
      assert(there.length > 0, 'at least one of the saves must be there');
      expectContents(contents, new Map([...old, ...there.flatMap((entries) => [...entries])]));
    },
  },
  {
    name: 'a load at the same time as saves sees one complete state',
    run: async (subject) => {
      const states = [many(300), many(200)] as const;
      await put(subject, states[0]);
      const gone = [...states[0].keys()].filter((path) => !states[1].has(path));
      const saves = [change(subject, new Map(), gone), put(subject, states[1])];
      const loads = Array.from({ length: 8 }, async () => {
        const { size } = await load(await subject.open());
        assert(size === 300 || size === 200, `a load saw ${size} entries, and must see 300 or 200`);
      });
      await Promise.all([...saves, ...loads]);
    },
  },
  {
    name: 'a limit is kept whole: all entries, or none and a reason',
    run: async (subject) => {
      const entries = many(50);
      await put(subject, entries);
      const storage = await subject.open();
      const result = await storage.load({ maxBytes: 100 });
      if (result && 'discarded' in result) assert.equal(result.discarded, 'too-large');
      else expectContents(contentsOf(result), entries);
      const base = await load(storage);
      const saved = await storage.save({ base, put: many(60), remove: new Set() }, { maxBytes: 100 }).then(
        () => true,
        () => false,
      );
      await expectStored(subject, saved ? many(60) : entries);
    },
  },
  {
    name: '20,000 entries are stored, changed and loaded',
    run: async (subject) => {
      const entries = many(20_000);
      await put(subject, entries);
      await expectStored(subject, entries);
      const [kept, rest] = halves(entries);
      const [replaced, removed] = halves(rest);
      const newer = new Map([...replaced.keys()].map((path, n) => [path, specimen(n, { size: 7n })]));
      await change(subject, newer, [...removed.keys()]);
      await expectStored(subject, new Map([...kept, ...newer]));
    },
  },
  {
    name: 'a StatCache on top hits after reopening, and never by a racy entry',
    run: async (subject) => {
      const first = await openCache(subject);
      const boundary = await first.boundary();
      const entries = new Map([...HOSTILE].slice(0, 40));
      for (const [path, entry] of entries)
        first.record(path, { dev: 1n, ...trusted(entry) }, entry.objectId, boundary);
      first.record('racy', { dev: 1n, ...trusted(specimen(1)), ctimeNs: 2n ** 62n }, specimen(1).objectId);
      const [id] = [specimen(0).objectId];
      assert(first.setDimension(firstKey(entries), id, 'symbols', 'f'));
      await first.save();

      const second = await openCache(subject);
      assert.equal(second.discarded, undefined);
      assert.equal(second.size, entries.size);
      for (const [path, entry] of entries) {
        const stat = { dev: 2n, ...trusted(entry) };
        assert.equal(second.lookup(path, stat), entry.objectId, `a hit for ${JSON.stringify(path)}`);
        assert.equal(second.lookup(path, { ...stat, ctimeNs: stat.ctimeNs + 1n }), undefined);
      }
      assert.equal(second.getDimension(firstKey(entries), id, 'symbols'), 'f');
      assert.equal(second.dirty, false);
      second.prune(new Set([firstKey(entries)]));
      await second.save();
      assert.equal((await openCache(subject)).size, 1);
    },
  },
];

function openCache(subject: StorageSubject): Promise<StatCache> {
  return subject.open().then((storage) => StatCache.open({ root: '/nowhere', storage }));
}

function trusted({ size, mtimeNs, ctimeNs = 0n, ino }: FileCacheEntry) {
  return { size, mtimeNs, ctimeNs, ino };
}

function firstKey(entries: Entries): string {
  const [path] = entries.keys();
  return path ?? '';
}

async function load(storage: CacheStorage): Promise<CacheContents> {
  return contentsOf(await storage.load({ maxBytes: Number.MAX_SAFE_INTEGER }));
}

/** Opens, loads and saves a change, as a process of its own would. */
async function change(subject: StorageSubject, added: Entries, removed: readonly string[]): Promise<void> {
  const storage = await subject.open();
  await storage.save({ base: await load(storage), put: added, remove: new Set(removed) });
}

function put(subject: StorageSubject, entries: Entries): Promise<void> {
  return change(subject, entries, []);
}

async function expectStored(subject: StorageSubject, expected: Entries): Promise<void> {
  expectContents(await load(await subject.open()), expected);
}

/** Every other entry, and the rest. */
function halves(entries: Entries): [Entries, Entries] {
  const all = [...entries];
  return [new Map(all.filter((_, at) => at % 2 === 0)), new Map(all.filter((_, at) => at % 2 === 1))];
}
