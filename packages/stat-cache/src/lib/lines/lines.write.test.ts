import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntry } from '../../../test/support/arbitrary.js';
import { cacheEntry } from '../../../test/support/entries.js';
import type { FileCacheEntry } from '../types.js';
import { DIGEST_WORDS, HIGH, PACKED, STAT_WORDS } from '../packed.js';
import { packStat } from '../pending.js';
import { lineText, LineWriter } from './lines.js';

const MiB = 1024 * 1024;
const SECOND = 10n ** 9n;
const LAST = 2n ** 63n - 1n;

type Pair = readonly [string, FileCacheEntry];

/** Adds an entry as numbers in memory, where it can be written so. */
function addPacked(writer: LineWriter, path: string, entry: FileCacheEntry): Uint8Array | undefined {
  const words = new Int32Array(STAT_WORDS + DIGEST_WORDS + 1);
  const { ctimeNs } = entry;
  if (ctimeNs === undefined || entry.dimensions.size > 0) return writer.add(path, entry);
  if (!packStat({ ...entry, ctimeNs, dev: 1n }, words, DIGEST_WORDS)) return writer.add(path, entry);
  Buffer.from(words.buffer).write(entry.objectId.slice('sha256:'.length), 'hex');
  const added = writer.addPacked(path, { words, stat: DIGEST_WORDS, digest: 0 });
  return added === false ? writer.add(path, entry) : added;
}

/** Returns the text written of groups of entries, and the text expected. */
function both(groups: readonly (readonly Pair[])[]) {
  const write = (add: (writer: LineWriter, ...pair: Pair) => Uint8Array | undefined) => {
    const writer = new LineWriter();
    return groups.map((group) => {
      const full = group.flatMap((pair) => add(writer, ...pair) ?? []);
      return [...full, ...[writer.take() ?? []].flat()];
    });
  };
  const textOf = (pieces: Uint8Array[][]) =>
    pieces.map((some) => some.map((piece) => Buffer.from(piece).toString()).join(',\n'));
  const pieces = write((writer, path, entry) => writer.add(path, entry));
  const written = textOf(pieces);
  expect(textOf(write(addPacked))).toEqual(written);
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
  it('takes numbers in memory for a plain entry alone', () => {
    const stat = cacheEntry();
    const words = new Int32Array(STAT_WORDS + DIGEST_WORDS);
    packStat({ ...stat, ctimeNs: 1n, dev: 1n }, words, 0);
    const read = { words, stat: 0, digest: STAT_WORDS };
    const writer = new LineWriter();
    expect(writer.addPacked('a', read)).toBe(undefined);
    for (const path of ['é', 'a"', 'a\\', 'a\n', '\udc80']) expect(writer.addPacked(path, read)).toBe(false);
    for (const field of [PACKED.size, PACKED.ino, PACKED.mtime, PACKED.ctime]) {
      const large = words.slice();
      large[field + HIGH] = 2 ** 21;
      expect(writer.addPacked('a', { ...read, words: large })).toBe(false);
      large[field + HIGH] = -1;
      expect(writer.addPacked('a', { ...read, words: large })).toBe(false);
    }
    expect(Buffer.from(writer.take() ?? []).toString()).not.toContain(',\n');
  });

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
