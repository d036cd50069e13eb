import { describe, expect, it } from 'vitest';
import { cacheEntry } from '../../../test/support/entries.js';
import { PackedEntries } from '../packed-entries.js';
import type { FileCacheEntry } from '../types.js';
import { entryText } from './entry-text.js';
import { LineWriter } from './line-writer.js';

const MiB = 1024 * 1024;

/** What is written of some paths, and what should be. */
function both(groups: readonly (readonly (readonly [string, FileCacheEntry])[])[], reuse = false) {
  const all = new Map(groups.flat());
  const packed = PackedEntries.copyOf(all);
  const writer = new LineWriter({
    find: (path, row) => packed.find(path, row),
    entryOf: (path) => all.get(path),
    reuse,
  });
  const pieces = groups.map((group) => {
    const lines = writer.lines(group.map(([path]) => path));
    return reuse ? Array.from(lines, (piece) => Buffer.from(piece)) : [...lines];
  });
  const written = pieces.map((some) => some.map((piece) => Buffer.from(piece).toString()).join(',\n'));
  const expected = groups.map((group) =>
    group
      .filter(([, { ctimeNs }]) => ctimeNs !== undefined)
      .map(([path, entry]) => entryText(path, entry, entry.ctimeNs ?? 0n))
      .join(',\n'),
  );
  return { pieces, written, expected };
}

const plain = (path: string) => [path, cacheEntry()] as const;
const other = (path: string) => [path, cacheEntry({ dimensions: new Map([['é', 'x']]) })] as const;

describe('LineWriter', () => {
  it('writes groups of lines, with separators inside them alone', () => {
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

  it('uses its memory again where it may', () => {
    const groups = [Array.from({ length: 6000 }, (_, i) => plain(`f${i}`)), [other('b')], [plain('c')]];
    const { written, expected } = both(groups, true);
    expect(written).toEqual(expected);
    const packed = PackedEntries.copyOf(new Map(groups.flat()));
    const writer = new LineWriter({
      find: (path, row) => packed.find(path, row),
      entryOf: () => undefined,
      reuse: true,
    });
    const lines = writer.lines(groups[0]?.map(([path]) => path) ?? []);
    expect(new Set(Array.from(lines, ({ buffer }) => buffer)).size).toBe(1);
  });

  it.each([false, true])('writes lines that are longer than its memory; uses it again: %s', (reuse) => {
    const { written, expected } = both(
      [[plain('a'), plain('b'.repeat(2 * MiB)), other('é'.repeat(MiB)), plain('c')]],
      reuse,
    );
    expect(written).toEqual(expected);
  });

  it('writes entries that are not packed', () => {
    const entry = cacheEntry();
    const writer = new LineWriter({ find: () => false, entryOf: () => entry, reuse: false });
    const [piece] = writer.lines(['a', 'b']);
    expect(Buffer.from(piece ?? []).toString()).toBe(
      `${entryText('a', entry, entry.ctimeNs)},\n${entryText('b', entry, entry.ctimeNs)}`,
    );
  });
});
