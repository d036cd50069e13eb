import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntry } from '../../test/support/arbitrary.js';
import { cacheEntry, idOf } from '../../test/support/entries.js';
import { PackedEntries } from './packed-entries.js';
import type { FileCacheEntry } from './types.js';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

function packed(entries: Iterable<readonly [string, FileCacheEntry]>): PackedEntries {
  const made = new PackedEntries();
  for (const [path, entry] of entries) made.set(path, entry);
  return made;
}

describe('PackedEntries', () => {
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
    const entries = packed([
      ['before', cacheEntry()],
      ['a', entry],
      ['after', cacheEntry()],
    ]);
    expect(entries.get('a')).toEqual(entry);
    expect([entries.get('before'), entries.get('after')]).toEqual([cacheEntry(), cacheEntry()]);
  });

  it('keeps that there is no ctime', () => {
    const entry = { ...cacheEntry(), ctimeNs: undefined };
    expect(packed([['a', entry]]).get('a')).toEqual(entry);
  });

  it('holds more than one page', () => {
    const all = Array.from({ length: 1500 }, (_, i): [string, FileCacheEntry] => {
      return [`f${i}`, cacheEntry({ ino: BigInt(i), objectId: idOf(String(i)) })];
    });
    expect(new Map(packed(all))).toEqual(new Map(all));
  });

  it('does what a Map does', () => {
    const path = fc.constantFrom('a', 'b', 'c', '__proto__');
    const step = fc.oneof(
      fc.tuple(fc.constant('set'), path, fileEntry),
      fc.tuple(fc.constant('delete'), path, fileEntry),
      fc.tuple(fc.constant('copy'), path, fileEntry),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let entries = new PackedEntries();
        const oracle = new Map<string, FileCacheEntry>();
        for (const [what, at, entry] of steps) {
          if (what === 'set') {
            entries.set(at, entry);
            oracle.set(at, entry);
          } else if (what === 'delete') {
            entries.delete(at);
            oracle.delete(at);
          } else {
            const before = entries;
            entries = PackedEntries.copyOf(before);
            // What becomes of the first must not show in its copy.
            for (const key of [...before.keys()]) before.set(key, cacheEntry({ ino: 7n }));
            before.set('only here', cacheEntry());
          }
          expectSame(entries, oracle);
        }
      }),
    );
  });

  it('uses the room of what is deleted again, in a copy too', () => {
    const first = packed([['a', cacheEntry()]]);
    first.delete('a');
    for (const entries of [first, PackedEntries.copyOf(first)]) {
      const before = process.memoryUsage().arrayBuffers;
      for (let i = 0; i < 100_000; i++) {
        entries.set(`f${i}`, cacheEntry());
        entries.delete(`f${i}`);
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    }
  });

  it('copies any other map', () => {
    const entries = new Map([
      ['a', cacheEntry()],
      ['b', cacheEntry({ size: 2n })],
    ]);
    expectSame(PackedEntries.copyOf(entries), entries);
  });
});

function expectSame(entries: PackedEntries, oracle: Map<string, FileCacheEntry>): void {
  expect(entries.size).toBe(oracle.size);
  expect(new Map(entries)).toEqual(oracle);
  expect(new Map(entries.entries())).toEqual(oracle);
  expect([...entries.keys()]).toEqual([...oracle.keys()]);
  expect([...entries.values()]).toEqual([...oracle.values()]);
  for (const path of ['a', 'b', 'c', '__proto__', 'none']) {
    expect(entries.has(path)).toBe(oracle.has(path));
    expect(entries.get(path)).toEqual(oracle.get(path));
  }
  const visited = new Map<string, FileCacheEntry>();
  entries.forEach(function (this: unknown, entry, path, map) {
    visited.set(path, entry);
    expect([this, map]).toEqual(['this', entries]);
  }, 'this');
  expect(visited).toEqual(oracle);
}
