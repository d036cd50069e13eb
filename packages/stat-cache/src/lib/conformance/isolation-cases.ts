import assert from 'node:assert/strict';
import type { FileCacheEntry } from '../../index.js';
import { contentsOf, expectContents } from './expect-contents.js';
import { many, specimen } from './specimens.js';
import { change, expectStored, load, put, type StorageCase } from './storage-subject.js';

/** What one caller does is seen whole by another, or not at all. */
export const isolationCases: readonly StorageCase[] = [
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
];
