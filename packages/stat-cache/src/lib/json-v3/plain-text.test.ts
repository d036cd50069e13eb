import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntry } from '../../../test/support/arbitrary.js';
import { cacheEntry } from '../../../test/support/entries.js';
import { PackedEntries, PackedRow } from '../packed-entries.js';
import type { FileCacheEntry } from '../types.js';
import { entryText } from './entry-text.js';
import { MOST_BESIDE_PATH, writePlainLine } from './plain-text.js';

const OFFSET = 7;

/** The line of an entry that is packed behind another one, or `undefined` where it is left to `entryText`. */
function written(path: string, entry: FileCacheEntry): string | undefined {
  const entries = new PackedEntries();
  entries.set('other', cacheEntry({ ino: 9n }));
  entries.set(path, entry);
  const row = new PackedRow();
  if (!entries.find(path, row)) return undefined;
  const bytes = Buffer.alloc(OFFSET + path.length + MOST_BESIDE_PATH);
  const end = writePlainLine(bytes, OFFSET, path, row);
  expect(end).toBeLessThanOrEqual(bytes.length);
  return end < 0 ? undefined : bytes.toString('latin1', OFFSET, end);
}

function expected(path: string, entry: FileCacheEntry): string {
  return entryText(path, entry, entry.ctimeNs ?? 0n);
}

const SECOND = 10n ** 9n;
const LAST = 2n ** 63n - 1n;

describe('writePlainLine', () => {
  it.each<[string, Partial<FileCacheEntry>]>([
    ['zero', { size: 0n, ino: 0n, mtimeNs: 0n, ctimeNs: 0n }],
    ['one nanosecond', { mtimeNs: 1n, ctimeNs: SECOND - 1n }],
    ['whole seconds', { mtimeNs: SECOND, ctimeNs: 1_700_000_000n * SECOND }],
    ['a second less one', { mtimeNs: 1_700_000_000n * SECOND - 1n, ctimeNs: 9_223_372_036n * SECOND - 1n }],
    [
      'a second that a double is too small for',
      { mtimeNs: 9_223_372_035n * SECOND, ctimeNs: 9_223_372_033n * SECOND },
    ],
    [
      'one that it is too large for',
      { mtimeNs: 9_223_372_035n * SECOND - 1n, ctimeNs: 9_223_372_033n * SECOND - 1n },
    ],
    ['the last time', { mtimeNs: LAST, ctimeNs: LAST }],
    ['powers of ten', { size: 10n ** 15n, ino: 10n }],
    ['the largest double that counts', { size: 2n ** 53n - 1n, ino: 2n ** 53n - 1n }],
    ['32 bits', { size: 2n ** 32n, ino: 2n ** 32n - 1n }],
  ])('writes %s', (_, given) => {
    const entry = cacheEntry(given);
    expect(written('dir/a.c', entry)).toBe(expected('dir/a.c', entry));
  });

  it.each<[string, string, Partial<FileCacheEntry>]>([
    ['a path with a quote', 'a"b', {}],
    ['a path with a backslash', 'a\\b', {}],
    ['a path that is not ASCII', 'é', {}],
    ['a path with a control character', 'a\nb', {}],
    ['an mtime before 1970', 'a', { mtimeNs: -1n }],
    ['a ctime before 1970', 'a', { ctimeNs: -1n }],
    ['a large size', 'a', { size: 2n ** 53n }],
    ['a large inode number', 'a', { ino: 2n ** 64n - 1n }],
    ['dimensions', 'a', { dimensions: new Map([['b', 'c']]) }],
  ])('leaves %s to others', (_, path, given) => {
    expect(written(path, cacheEntry(given))).toBeUndefined();
  });

  it('writes what entryText does, of times by their edges and of any entry', () => {
    const edge = fc
      .tuple(fc.bigInt(0n, 9_223_372_036n), fc.bigInt(-600n, 600n))
      .map(([seconds, off]) => seconds * SECOND + off);
    const number = fc.bigInt(0n, 2n ** 54n);
    const near = fc
      .record({ size: number, ino: number, mtimeNs: edge, ctimeNs: edge })
      .map((given) => cacheEntry(given));
    fc.assert(
      fc.property(fc.oneof(near, fileEntry), (entry) => {
        const line = written('a', entry);
        if (line !== undefined) expect(line).toBe(expected('a', entry));
      }),
      { numRuns: 2000 },
    );
  });
});
