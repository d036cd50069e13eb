import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asMap, cacheEntry, idOf } from '../../test/support/entries.js';
import { contentsOf } from './memory-storage.js';
import { DIGEST_WORDS, STAT_WORDS, type PackedRead } from './packed.js';
import { packStat, Pending, unpackStat, type RecordedEntry } from './pending.js';
import type { CacheChange, CacheContents, FileCacheEntry } from './types.js';

const PATHS = ['a', 'b', 'c'] as const;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

function over(...loaded: [string, FileCacheEntry][]): Pending {
  return new Pending(contentsOf(new Map(loaded)));
}

/** Returns an entry as the reader of its file leaves it in memory. */
function packed({ objectId, ...stat }: RecordedEntry, dev: bigint): PackedRead {
  const words = new Int32Array(DIGEST_WORDS + STAT_WORDS);
  if (!packStat({ ...stat, dev }, words, DIGEST_WORDS)) throw new Error('It has no packed form');
  Buffer.from(words.buffer).write(objectId.slice('sha256:'.length), 'hex');
  return { words, stat: DIGEST_WORDS, digest: 0 };
}

/** Checks that an entry that is offered in packed form is the same in it, and returns whether it is. */
function expectSamePacked(put: CacheChange['put'], path: string): boolean {
  const read = put.packed?.(path);
  if (!read) return false;
  const { dev, ...stat } = unpackStat(read.words, read.stat);
  const { buffer, byteOffset } = read.words;
  const digest = Buffer.from(buffer, byteOffset + read.digest * 4, DIGEST_WORDS * 4).toString('hex');
  expect({ ...stat, objectId: `sha256:${digest}`, dimensions: new Map() }).toEqual(put.get(path));
  return dev >= 0n;
}

/** Returns the entries of a storage that applies changes to the letter. */
function applied(
  held: Pick<CacheContents, 'entries'>,
  { put, remove }: CacheChange,
): Map<string, FileCacheEntry> {
  const after = new Map(held.entries());
  for (const path of remove) after.delete(path);
  for (const [path, entry] of put) after.set(path, entry);
  return after;
}

describe('Pending', () => {
  const stored = cacheEntry({ ino: 1n });
  const other = cacheEntry({ ino: 2n });

  it('has nothing to save where what was recorded is stored already', () => {
    const entries = over(['a', stored]);
    entries.set('a', stored);
    expect([entries.startSave(), entries.isEmpty]).toEqual([undefined, true]);
    entries.set('a', other);
    entries.set('a', stored, 7n);
    entries.set('a', stored);
    expect([entries.startSave(), entries.size]).toEqual([undefined, 1]);
  });

  it('keeps dimensions for the same content, and drops them for another', () => {
    const dimensions = new Map([['symbols', 'x']]);
    const bare = { ...other, dimensions: undefined };
    const entries = over(['a', { ...stored, dimensions }]);
    entries.set('a', bare);
    expect(entries.get('a')).toEqual({ ...other, dimensions });
    entries.set('a', { ...bare, objectId: idOf('new') });
    expect(entries.get('a')?.dimensions.size).toBe(0);
  });

  it('knows no dimensions of what was removed', () => {
    const bare = { ...other, dimensions: undefined };
    const withDimensions = { ...stored, dimensions: new Map([['symbols', 'x']]) };
    const entries = over(['a', withDimensions]);
    entries.remove('a');
    entries.set('a', bare);
    expect(entries.get('a')?.dimensions.size).toBe(0);
  });

  it('leaves what was recorded during a save for the next one', () => {
    const entries = over();
    entries.set('a', stored);
    const change = entries.startSave();
    entries.set('a', other);
    expect(change?.put.get('a')).toEqual(stored);
    entries.endSave(true);
    expect(entries.startSave()?.put.get('a')).toEqual(other);
  });

  it('takes a change back that was not stored, below what was recorded since', () => {
    const entries = over(['b', stored]);
    for (const path of ['a', 'c', 'd']) entries.set(path, stored);
    entries.remove('b');
    entries.startSave();
    entries.set('a', other);
    entries.remove('c');
    entries.set('b', stored);
    entries.endSave(false);
    const change = entries.startSave();
    expect(change && [...change.put.keys()].sort()).toEqual(['a', 'd']);
    expect(change?.put.get('a')).toEqual(other);
    expect(change?.remove.size).toBe(0);
  });

  it('yields the pending paths that have an entry', () => {
    const entries = over(['a', stored]);
    entries.set('a', other);
    entries.set('b', other);
    entries.set('c', other, 7n);
    expect([...entries.pendingPaths()].sort()).toEqual(['a', 'b', 'c']);
    entries.remove('a');
    entries.remove('c');
    entries.startSave();
    expect([...entries.pendingPaths()]).toEqual(['b']);
    entries.set('d', stored);
    entries.remove('b');
    expect([...entries.pendingPaths()]).toEqual(['d']);
    entries.endSave(true);
    expect([entries.size, ...entries.pendingPaths()]).toEqual([1, 'd']);
  });

  it('puts all that was saved since loading into each change, for a storage that copies the rest from the base', () => {
    const entries = over(['a', stored]);
    entries.set('b', other);
    entries.startSave();
    entries.endSave(true);
    entries.set('c', other);
    expect([...(entries.startSave()?.put.keys() ?? [])].sort()).toEqual(['b', 'c']);
    entries.endSave(true);
    expect([entries.savedCount, entries.unsavedCount, entries.startSave()]).toEqual([2, 0, undefined]);
  });

  it('counts trusted entries that are not saved, those recorded during a save too', () => {
    const entries = over(['a', stored]);
    entries.set('b', other);
    entries.set('c', other, 7n);
    entries.startSave();
    entries.set('b', stored);
    entries.set('d', stored);
    expect([entries.unsavedCount, entries.racyCount]).toEqual([2, 1]);
    entries.endSave(true);
    expect([entries.unsavedCount, entries.racyCount]).toEqual([2, 1]);
  });

  it('starts no save while one is under way', () => {
    const entries = over();
    entries.set('a', stored);
    entries.startSave();
    expect(() => entries.startSave()).toThrow('another one is under way');
  });

  it('counts a racy entry once, whatever it stands for', () => {
    const entries = over(['a', stored]);
    entries.set('a', other, 7n);
    entries.set('b', other, 7n);
    entries.startSave();
    expect(entries.size).toBe(2);
    entries.endSave(false);
    expect(entries.size).toBe(2);
  });

  it('takes contents for what was saved, and keeps what was not', () => {
    const entries = over();
    entries.set('a', stored);
    entries.set('r', stored, 7n);
    entries.startSave();
    entries.endSave(true);
    entries.set('b', other);
    const contents = contentsOf(new Map([['a', stored]]));
    entries.rebase(contents);
    expect([entries.isPending('a'), entries.isRacy('r'), entries.size]).toEqual([false, true, 3]);
    const change = entries.startSave();
    expect(change?.base).toBe(contents);
    expect([...(change?.put.keys() ?? [])]).toEqual(['b']);
  });

  it.each<[string, Partial<FileCacheEntry>]>([
    ['times before 1970', { mtimeNs: -1n, ctimeNs: -1_500_000_001n }],
    ['the least number in all that are signed', { size: MIN, mtimeNs: MIN, ctimeNs: MIN }],
    ['the largest number in all that are signed', { size: MAX, mtimeNs: MAX, ctimeNs: MAX }],
    ['an inode number with its highest bit', { ino: 2n ** 64n - 1n }],
    ['a size beyond 64 bits', { size: 2n ** 63n }],
    ['an mtime beyond 64 bits', { mtimeNs: MIN - 1n }],
    ['a ctime beyond 64 bits', { ctimeNs: 2n ** 64n }],
    ['an inode number beyond 64 bits', { ino: 2n ** 64n }],
    ['a negative inode number', { ino: -1n }],
    ['dimensions', { dimensions: new Map([['symbols', 'x']]) }],
    ['what is no object id', { objectId: 'sha256:none' }],
  ])('keeps %s', (_, given) => {
    const entry = cacheEntry(given);
    const entries = over();
    entries.set('before', cacheEntry());
    entries.set('a', entry);
    entries.set('after', cacheEntry(), 2n ** 63n);
    expect(entries.get('a')).toEqual(entry);
    expect([entries.get('before'), entries.get('after')]).toEqual([cacheEntry(), cacheEntry()]);
    expect([...entries.racyEntries()]).toEqual([['after', { entry: cacheEntry(), dev: 2n ** 63n }]]);
    const put = entries.startSave()?.put ?? new Map<string, FileCacheEntry>();
    expect(put.get('a')).toEqual(entry);
    expect(expectSamePacked(put, 'before')).toBe(true);
    const { size, ino, dimensions, objectId } = entry;
    const isPlain =
      size <= MAX && ino >= 0n && ino < 2n ** 64n && dimensions.size === 0 && objectId.length === 71;
    expect(expectSamePacked(put, 'a')).toBe(isPlain);
    expect(expectSamePacked(put, 'after')).toBe(false);
  });

  it('moves nothing under a save when a file is read meanwhile', () => {
    const entries = over();
    entries.setRead('a', packed(stored, 1n), true);
    const put = entries.startSave()?.put;
    entries.setRead('b', packed(other, 1n), true);
    entries.setRead('c', packed(other, 1n), false);
    expect([...(put?.keys() ?? [])]).toEqual(['a']);
    expect([entries.get('b'), entries.isRacy('c'), entries.unsavedCount]).toEqual([other, true, 2]);
    entries.endSave(true);
    expect([...(entries.startSave()?.put.keys() ?? [])]).toEqual(['a', 'b']);
  });

  it('keeps the dimensions of a file that was read with the content they were set for', () => {
    const dimensions = new Map([['symbols', 'x']]);
    const entries = over(['a', { ...stored, dimensions }]);
    const touched = cacheEntry({ ino: 7n });
    entries.setRead('a', packed(touched, 1n), true);
    expect(entries.get('a')).toEqual({ ...touched, dimensions });
    entries.setRead('a', packed({ ...touched, objectId: idOf('other') }, 1n), true);
    expect(entries.get('a')?.dimensions).toEqual(new Map());
  });

  it('holds many, and uses the room of what is removed again', () => {
    const all = Array.from({ length: 1500 }, (_, i): [string, RecordedEntry] => {
      return [`f${i}`, cacheEntry({ ino: BigInt(i), objectId: idOf(String(i)) })];
    });
    const entries = over();
    for (const [path, entry] of all) entries.set(path, entry);
    expect(asMap(entries)).toEqual(asMap({ entries: () => all }));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100_000; i++) {
      entries.set(`g${i}`, cacheEntry());
      entries.remove(`g${i}`);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('answers as one map would, and hands out changes that lead there, whatever happens between', () => {
    const at = fc.constantFrom(...PATHS);
    const entry = fc.constantFrom(stored, other, cacheEntry({ ino: 3n }));
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ does: fc.constantFrom('put', 'read'), at, entry, racy: fc.boolean() }),
      },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('remove'), at }) },
      fc.record({ does: fc.constantFrom('change', 'saved', 'not saved', 'compact') }),
    ) as fc.Arbitrary<{ does: string; at: string; entry: RecordedEntry; racy: boolean }>;
    const first = fc.array(fc.tuple(at, entry), { maxLength: 3 });
    fc.assert(
      fc.property(first, fc.array(step, { maxLength: 25 }), (loaded, steps) => {
        const oracle = new Map<string, { entry: RecordedEntry; racy: boolean }>();
        for (const [path, held] of loaded) oracle.set(path, { entry: held, racy: false });
        let disk = new Map<string, FileCacheEntry>(loaded);
        const entries = new Pending(contentsOf(disk));
        let underWay: { change: CacheChange; copy: CacheChange } | undefined;
        const expectKnown = () => {
          expect(entries.size).toBe(oracle.size);
          expect([...entries.paths()].sort()).toEqual([...oracle.keys()].sort());
          expect(asMap(entries)).toEqual(asMap({ entries: () => entriesOf(oracle) }));
          for (const path of PATHS) {
            expect(entries.has(path)).toBe(oracle.has(path));
            expect(entries.get(path)).toEqual(oracle.get(path)?.entry);
            expect(entries.isRacy(path)).toBe(oracle.get(path)?.racy === true);
          }
        };
        const begin = () => {
          const change = entries.startSave();
          if (!change) {
            expect(trusted(oracle)).toEqual(disk);
            return;
          }
          for (const path of change.remove) expect(change.put.has(path)).toBe(false);
          for (const path of PATHS) expect(expectSamePacked(change.put, path)).toBe(change.put.has(path));
          expect(applied(change.base, change)).toEqual(trusted(oracle));
          expect(applied({ entries: () => disk }, change)).toEqual(trusted(oracle));
          underWay = {
            change,
            copy: { ...change, put: new Map(change.put), remove: new Set(change.remove) },
          };
        };
        const end = (does: string) => {
          if (!underWay) return;
          const { change, copy } = underWay;
          underWay = undefined;
          // What is being saved must not change meanwhile.
          expect([new Map(change.put), new Set(change.remove)]).toEqual([copy.put, copy.remove]);
          expect(change.put.size).toBe(copy.put.size);
          if (does !== 'not saved') disk = applied({ entries: () => disk }, change);
          entries.endSave(does !== 'not saved');
        };
        for (const { does, ...given } of steps) {
          if (does === 'put') {
            entries.set(given.at, given.entry, given.racy ? 9n : undefined);
            oracle.set(given.at, { entry: given.entry, racy: given.racy });
          } else if (does === 'read') {
            entries.setRead(given.at, packed(given.entry, 9n), !given.racy);
            oracle.set(given.at, { entry: given.entry, racy: given.racy });
          } else if (does === 'remove') {
            entries.remove(given.at);
            oracle.delete(given.at);
          } else if (does === 'change') {
            if (!underWay) begin();
          } else if (does === 'compact') {
            if (!underWay) entries.rebase(contentsOf(new Map(disk)));
          } else {
            end(does);
          }
          expectKnown();
        }
        end('saved');
        begin();
        end('saved');
        expect(trusted(oracle)).toEqual(disk);
        expectKnown();
      }),
    );
  });
});

type Known = ReadonlyMap<string, { entry: RecordedEntry; racy: boolean }>;

function* entriesOf(known: Known): Iterable<[string, FileCacheEntry]> {
  for (const [path, { entry }] of known) yield [path, entry];
}

function trusted(known: Known): Map<string, FileCacheEntry> {
  return new Map([...known].filter(([, { racy }]) => !racy).map(([path, { entry }]) => [path, entry]));
}
