import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntry } from '../../../test/support/arbitrary.js';
import { cacheEntry } from '../../../test/support/entries.js';
import type { FileCacheEntry } from '../types.js';
import { lineText, LineWriter } from './lines.js';

const MiB = 1024 * 1024;
const SECOND = 10n ** 9n;
const LAST = 2n ** 63n - 1n;

type Pair = readonly [string, FileCacheEntry];

/** Returns the text written of groups of entries, and the text expected. */
function both(groups: readonly (readonly Pair[])[]) {
  const writer = new LineWriter();
  const pieces = groups.map((group) => {
    const full = group.flatMap(([path, entry]) => writer.add(path, entry) ?? []);
    return [...full, ...[writer.take() ?? []].flat()];
  });
  const written = pieces.map((some) => some.map((piece) => Buffer.from(piece).toString()).join(',\n'));
  const expected = groups.map((group) =>
    group
      .flatMap(([path, entry]) => (entry.ctimeNs === undefined ? [] : [lineText(path, entry, entry.ctimeNs)]))
      .join(',\n'),
  );
  return { pieces, written, expected };
}

function expectWritten(path: string, given: Partial<FileCacheEntry>): void {
  const entry = cacheEntry(given);
  const { written, expected } = both([
    [
      ['other', cacheEntry()],
      [path, entry],
    ],
  ]);
  expect(written).toEqual(expected);
}

const plain = (path: string): Pair => [path, cacheEntry()];
const other = (path: string): Pair => [path, cacheEntry({ dimensions: new Map([['é', 'x']]) })];

describe('LineWriter', () => {
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
    ['the last plain time', { mtimeNs: LAST, ctimeNs: LAST }],
    ['the first that is not', { mtimeNs: LAST + 1n, ctimeNs: LAST + 1n }],
    ['powers of ten', { size: 10n ** 15n, ino: 10n }],
    ['the largest double that counts', { size: 2n ** 53n - 1n, ino: 2n ** 53n - 1n }],
    ['32 bits', { size: 2n ** 32n, ino: 2n ** 32n - 1n }],
    ['a time before 1970', { mtimeNs: -1n }],
    ['a ctime before 1970', { ctimeNs: -1n }],
    ['a large size', { size: 2n ** 53n }],
    ['a large inode number', { ino: 2n ** 64n - 1n }],
    [
      'dimensions',
      {
        dimensions: new Map([
          ['b', 'c'],
          ['a', '"'],
        ]),
      },
    ],
  ])('writes %s', (_, given) => {
    expectWritten('dir/a.c', given);
  });

  it.each(['a"b', 'a\\b', 'é', 'a\nb', '\udcff', '💩', ' '])('writes the path %j', (path) => {
    expectWritten(path, {});
  });

  it('writes what lineText does, of times by their edges and of any entry', () => {
    const edge = fc
      .tuple(fc.bigInt(0n, 9_223_372_036n), fc.bigInt(-600n, 600n))
      .map(([seconds, off]) => seconds * SECOND + off);
    const number = fc.bigInt(0n, 2n ** 54n);
    const near = fc.record({ size: number, ino: number, mtimeNs: edge, ctimeNs: edge });
    fc.assert(
      fc.property(fc.oneof(near, fileEntry), (given) => {
        expectWritten('a', given);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes groups of lines, with separators inside them alone, and none of an entry without a ctime', () => {
    const { pieces, written, expected } = both([
      [plain('a'), other('b'), other('é'), plain('c')],
      [],
      [plain('d')],
      [['none', { ...cacheEntry(), ctimeNs: undefined }]],
      [other('e'), ['no ctime', { ...cacheEntry(), ctimeNs: undefined }], plain('f')],
    ]);
    expect(written).toEqual(expected);
    expect(pieces.map(({ length }) => length)).toEqual([1, 0, 1, 0, 1]);
  });

  it('goes on in new memory where lines are more than a piece, and keeps what it handed out', () => {
    const { pieces, written, expected } = both([
      Array.from({ length: 6000 }, (_, i) => (i % 3 === 0 ? other(`é${i}`) : plain(`f${i}`))),
      [plain('after')],
    ]);
    expect(written).toEqual(expected);
    expect(pieces[0]?.length).toBeGreaterThan(5);
  });

  it('writes lines that are longer than its memory', () => {
    const { written, expected } = both([
      [plain('a'), plain('b'.repeat(2 * MiB)), other('é'.repeat(MiB)), plain('c')],
    ]);
    expect(written).toEqual(expected);
  });
});
