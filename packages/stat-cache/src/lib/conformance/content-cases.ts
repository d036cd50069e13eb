import type { FileCacheEntry } from '../../index.js';
import { contentsFrom, expectContents } from './expect-contents.js';
import { DIMENSIONED, EXACT, HOSTILE, many, specimen } from './specimens.js';
import { change, expectStored, halves, load, put, type StorageCase } from './storage-subject.js';

/** What is put is there, what is removed is gone, and all of it is exact. */
export const contentCases: readonly StorageCase[] = [
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
    name: 'many saves follow one load, each on top of all that was saved before it',
    run: async (subject) => {
      await put(
        subject,
        new Map([
          ['kept', specimen(1)],
          ['removed', specimen(2)],
          ['replaced', specimen(3)],
        ]),
      );
      const storage = await subject.open();
      const loaded = await load(storage);
      const first = new Map(loaded.entries());
      const expected = new Map(first);
      for (let round = 0; round < 12; round++) {
        const base = round === 0 ? loaded : contentsFrom(new Map(expected));
        const added = new Map([[`f${round}`, specimen(10 + round)]]);
        if (round % 3 === 1) added.set('replaced', specimen(100 + round));
        const removed = new Set(round === 5 ? ['removed'] : [`f${round - 3}`]);
        await storage.save({ base, put: added, remove: removed });
        for (const [path, entry] of added) expected.set(path, entry);
        for (const path of removed) expected.delete(path);
        await expectStored(subject, expected);
      }
      expectContents(loaded, first);
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
];
