import { describe, expect, it } from 'vitest';
import { asMap, cacheEntry } from '../../test/support/entries.js';
import { EMPTY_CONTENTS, LayeredContents, pathsOf } from './layered-contents.js';
import type { CacheContents, FileCacheEntry } from './types.js';

const entry = (ino: number): FileCacheEntry => cacheEntry({ ino: BigInt(ino) });

function contentsOf(entries: [string, FileCacheEntry][]): CacheContents {
  const map = new Map(entries);
  return { size: map.size, has: (path) => map.has(path), get: (path) => map.get(path), entries: () => map };
}

function expectEntries(contents: CacheContents, expected: Record<string, number>): void {
  expect(Object.fromEntries([...asMap(contents)].map(([path, { ino }]) => [path, Number(ino)]))).toEqual(
    expected,
  );
  expect(contents.size).toBe(Object.keys(expected).length);
  expect([...pathsOf(contents)].sort()).toEqual(Object.keys(expected).sort());
  for (const path of ['a', 'b', 'c', 'd']) {
    expect(contents.has(path)).toBe(path in expected);
    expect(contents.get(path)?.ino).toBe(path in expected ? BigInt(expected[path] ?? 0) : undefined);
  }
}

describe('LayeredContents', () => {
  const base = contentsOf([
    ['a', entry(1)],
    ['b', entry(2)],
  ]);
  const change = (put: [string, number][], ...remove: string[]) =>
    [new Map(put.map(([path, ino]) => [path, entry(ino)])), new Set(remove)] as const;

  it('shows a change, and leaves what is below it as it is', () => {
    expectEntries(
      LayeredContents.flat(
        base,
        ...change(
          [
            ['b', 5],
            ['c', 6],
          ],
          'a',
          'none',
        ),
      ),
      { b: 5, c: 6 },
    );
    expectEntries(base, { a: 1, b: 2 });
  });

  it('lets what is put win over what is removed', () => {
    expectEntries(LayeredContents.flat(base, ...change([['a', 7]], 'a')), { a: 7, b: 2 });
    const twice = LayeredContents.flat(LayeredContents.flat(base, ...change([])), ...change([['a', 7]], 'a'));
    expectEntries(twice, { a: 7, b: 2 });
  });

  it('shows change upon change in one layer, and each one before stays as it was', () => {
    const first = LayeredContents.flat(base, ...change([['c', 3]], 'a'));
    const second = LayeredContents.flat(first, ...change([['a', 8]], 'b', 'c'));
    const third = LayeredContents.flat(
      second,
      ...change(
        [
          ['c', 9],
          ['d', 4],
        ],
        'a',
      ),
    );
    expectEntries(first, { b: 2, c: 3 });
    expectEntries(second, { a: 8 });
    expectEntries(third, { c: 9, d: 4 });
    expect(third).toMatchObject({ base });
  });

  it('shows layer upon layer, and what becomes of the maps they are made of', () => {
    const [put, remove] = change([['c', 3]], 'a');
    const first = new LayeredContents(base, put, remove);
    const second = new LayeredContents(first, ...change([['a', 8]], 'b', 'c'));
    expectEntries(second, { a: 8 });
    put.set('d', entry(4));
    remove.delete('a');
    expectEntries(first, { a: 1, b: 2, c: 3, d: 4 });
    expectEntries(second, { a: 8, d: 4 });
  });

  it('begins with nothing', () => {
    expectEntries(EMPTY_CONTENTS, {});
    expectEntries(LayeredContents.flat(EMPTY_CONTENTS, ...change([['d', 1]], 'a')), { d: 1 });
  });
});
