import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asMap, cacheEntry, idOf } from '../../test/support/entries.js';
import { PackedEntries } from './packed-entries.js';
import { RecordedEntries, type RecordedEntry } from './recorded-entries.js';
import type { CacheChange, CacheContents, FileCacheEntry } from './types.js';

const PATHS = ['a', 'b', 'c'] as const;

function contentsOf(given: Iterable<readonly [string, FileCacheEntry]>): CacheContents {
  const map = new Map(given);
  return { size: map.size, has: (path) => map.has(path), get: (path) => map.get(path), entries: () => map };
}

/** What a storage holds that applies changes to the letter. */
function applied({ base, put, remove }: CacheChange): Map<string, FileCacheEntry> {
  const held = new Map(base.entries());
  for (const path of remove) held.delete(path);
  for (const [path, entry] of put) held.set(path, entry);
  return held;
}

describe('RecordedEntries', () => {
  const stored = cacheEntry({ ino: 1n });
  const other = cacheEntry({ ino: 2n });

  it('has nothing to save where what was recorded is stored already', () => {
    const entries = new RecordedEntries(contentsOf([['a', stored]]));
    entries.put('a', stored, undefined);
    expect([entries.change(), entries.hasPending]).toEqual([undefined, false]);
    entries.put('a', other, undefined);
    entries.put('a', stored, 7n);
    entries.put('a', stored, undefined);
    expect([entries.change(), entries.size]).toEqual([undefined, 1]);
  });

  it('keeps dimensions for the same content, and drops them for another', () => {
    const dimensions = new Map([['symbols', 'x']]);
    const bare = { ...other, dimensions: undefined };
    const entries = new RecordedEntries(contentsOf([['a', { ...stored, dimensions }]]));
    entries.put('a', bare, undefined);
    expect(entries.get('a')).toEqual({ ...other, dimensions });
    entries.put('a', { ...bare, objectId: idOf('new') }, undefined);
    expect(entries.get('a')?.dimensions.size).toBe(0);
  });

  it('knows no dimensions of what was removed', () => {
    const bare = { ...other, dimensions: undefined };
    const withDimensions = { ...stored, dimensions: new Map([['symbols', 'x']]) };
    const entries = new RecordedEntries(contentsOf([['a', withDimensions]]));
    entries.remove('a');
    entries.put('a', bare, undefined);
    expect(entries.get('a')?.dimensions.size).toBe(0);
  });

  it('leaves what was recorded during a save for the next one', () => {
    const entries = new RecordedEntries(contentsOf([]));
    entries.put('a', stored, undefined);
    const change = entries.change();
    entries.put('a', other, undefined);
    expect(change?.put.get('a')).toEqual(stored);
    entries.saved();
    expect(entries.change()?.put.get('a')).toEqual(other);
  });

  it('takes a change back that was not stored, below what was recorded since', () => {
    const entries = new RecordedEntries(contentsOf([['b', stored]]));
    for (const path of ['a', 'c', 'd']) entries.put(path, stored, undefined);
    entries.remove('b');
    entries.change();
    entries.put('a', other, undefined);
    entries.remove('c');
    entries.put('b', stored, undefined);
    entries.notSaved();
    const change = entries.change();
    expect(change && [...change.put.keys()].sort()).toEqual(['a', 'd']);
    expect(change?.put.get('a')).toEqual(other);
    expect(change?.remove.size).toBe(0);
  });

  it('yields the paths that have no line, and none where all have one', () => {
    const entries = new RecordedEntries(contentsOf([['a', stored]]));
    entries.put('a', other, undefined);
    expect([...entries.pendingPaths()]).toEqual([]);
    entries.put('b', other, undefined);
    entries.put('c', other, 7n);
    expect([...entries.pendingPaths()]).toEqual(expect.arrayContaining(['b', 'c']));
    entries.remove('a');
    entries.remove('c');
    expect([...entries.pendingPaths()]).toEqual(['b']);
    entries.change();
    entries.saved();
    entries.put('b', stored, undefined);
    expect([entries.size, ...entries.pendingPaths()]).toEqual([1, 'b']);
  });

  it('counts a racy entry once, whatever it stands for', () => {
    const entries = new RecordedEntries(contentsOf([['a', stored]]));
    entries.put('a', other, 7n);
    entries.put('b', other, 7n);
    entries.change();
    expect(entries.size).toBe(2);
    entries.notSaved();
    expect(entries.size).toBe(2);
  });

  it('takes for saved what the storage has at hand', () => {
    const entries = new RecordedEntries(contentsOf([]));
    entries.put('a', stored, undefined);
    const change = entries.change();
    const contents = contentsOf(change?.put ?? []);
    entries.saved(contents);
    entries.put('b', other, undefined);
    expect(entries.change()?.base).toBe(contents);
  });

  it('answers as one map would, and hands out changes that lead there, whatever happens between', () => {
    const at = fc.constantFrom(...PATHS);
    const entry = fc.constantFrom(stored, other, cacheEntry({ ino: 3n }));
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ does: fc.constant('put'), at, entry, racy: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('remove'), at }) },
      fc.record({ does: fc.constantFrom('change', 'saved', 'kept', 'not saved') }),
    ) as fc.Arbitrary<{ does: string; at: string; entry: RecordedEntry; racy: boolean }>;
    const first = fc.array(fc.tuple(at, entry), { maxLength: 3 });
    fc.assert(
      fc.property(first, fc.array(step, { maxLength: 25 }), (loaded, steps) => {
        const oracle = new Map<string, { entry: RecordedEntry; racy: boolean }>();
        for (const [path, held] of loaded) oracle.set(path, { entry: held, racy: false });
        let disk = new Map<string, FileCacheEntry>(loaded);
        const entries = new RecordedEntries(contentsOf(disk));
        let underWay: { change: CacheChange; copy: CacheChange } | undefined;
        const expectKnown = () => {
          expect(entries.size).toBe(oracle.size);
          expect([...entries.paths()].sort()).toEqual([...oracle.keys()].sort());
          expect(asMap(entries)).toEqual(asMap({ entries: () => entriesOf(oracle) }));
          for (const path of PATHS) {
            expect(entries.has(path)).toBe(oracle.has(path));
            expect(entries.get(path)).toEqual(oracle.get(path)?.entry);
            expect(entries.racyOn(path)).toBe(oracle.get(path)?.racy === true ? 9n : undefined);
          }
        };
        const begin = () => {
          const change = entries.change();
          if (!change) {
            expect(trusted(oracle)).toEqual(disk);
            return;
          }
          expect(new Map(change.base.entries())).toEqual(disk);
          for (const path of change.remove) expect(change.put.has(path)).toBe(false);
          expect(applied(change)).toEqual(trusted(oracle));
          underWay = {
            change,
            copy: { ...change, put: PackedEntries.copyOf(change.put), remove: new Set(change.remove) },
          };
        };
        const end = (does: string) => {
          if (!underWay) return;
          const { change, copy } = underWay;
          underWay = undefined;
          // What is being saved must not change meanwhile.
          expect([new Map(change.put), new Set(change.remove)]).toEqual([new Map(copy.put), copy.remove]);
          if (does === 'not saved') {
            entries.notSaved();
          } else {
            disk = applied(change);
            entries.saved(does === 'kept' ? contentsOf(disk) : undefined);
          }
        };
        for (const { does, ...given } of steps) {
          if (does === 'put') {
            entries.put(given.at, given.entry, given.racy ? 9n : undefined);
            oracle.set(given.at, { entry: given.entry, racy: given.racy });
          } else if (does === 'remove') {
            entries.remove(given.at);
            oracle.delete(given.at);
          } else if (does === 'change') {
            if (!underWay) begin();
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
