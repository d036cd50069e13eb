import { createHash } from 'node:crypto';
import { sortTreePaths, treePathToBytes } from '@muse/paths';
import { LayeredContents, pathsOf } from '../layered-contents.js';
import { PackedEntries, type PackedRow } from '../packed-entries.js';
import type { CacheChange, CacheContents, SortedLines } from '../types.js';
import { CanonicalContents } from './canonical-contents.js';
import { BEFORE_CHECKSUM, CHECKSUM_KEY, END, HEADER, SEPARATOR } from './canonical-text.js';
import { LineWriter } from './line-writer.js';
import { compareKey, lowerBoundFrom, nextLine } from './sorted-lines.js';

/** How a change becomes text. */
export interface EncodeOptions {
  /**
   * The memory of a piece may be used again once the next one is asked for: enough for who writes each before that, and
   * far less than the whole text. Default: false, as `CacheCodec` has it.
   */
  readonly reuse?: boolean;
}

/** Yields the canonical text after a change, piece by piece; lines of `base` that did not change are copied as bytes. */
export function* encode(change: CacheChange, { reuse = false }: EncodeOptions = {}): Iterable<Uint8Array> {
  const hasher = createHash('sha256');
  for (const piece of coveredPieces(change, reuse)) {
    hasher.update(piece);
    yield piece;
  }
  yield CHECKSUM_KEY;
  yield Buffer.from(hasher.digest('hex'));
  yield END;
}

function* coveredPieces(change: CacheChange, reuse: boolean): Iterable<Uint8Array> {
  yield HEADER;
  let first = true;
  for (const lines of lineGroups(change, reuse)) {
    if (!first) yield SEPARATOR;
    first = false;
    yield lines;
  }
  if (!first) yield SEPARATOR.subarray(1);
  yield BEFORE_CHECKSUM;
}

/** Paths whose lines are written before the next ones are looked for. */
const PATHS_A_GROUP = 4096;

/** Yields groups of lines in path order, with separators inside a group but not around it. */
function* lineGroups(change: CacheChange, reuse: boolean): Iterable<Uint8Array> {
  const contents = new LayeredContents(change.base, change.put, change.remove);
  const layers: LayeredContents[] = [];
  let base: CacheContents = contents;
  for (; base instanceof LayeredContents; base = base.base) layers.push(base);
  const writer = new LineWriter({
    find: (path, row) => findPacked(layers, path, row),
    entryOf: (path) => contents.get(path),
    reuse,
  });
  // Text with damaged lines in it is not copied, but written anew without them.
  if (!(base instanceof CanonicalContents) || !base.whole) {
    yield* writer.lines(sortTreePaths([...pathsOf(contents)]));
    return;
  }
  const lines = base.sorted;
  let from = lines.from;
  let pending: string[] = [];
  for (const { path, start, end } of edits(lines, layers)) {
    if (start > from || pending.length === PATHS_A_GROUP) {
      yield* writer.lines(pending);
      pending = [];
    }
    if (start > from) yield copied(lines, from, start);
    from = end;
    pending.push(path);
  }
  yield* writer.lines(pending);
  if (from < lines.to) yield copied(lines, from, lines.to);
}

/** Shows where an entry lies that the topmost layer with its path has packed; false where there is none. */
function findPacked(layers: readonly LayeredContents[], path: string, row: PackedRow): boolean {
  for (const { put, remove } of layers) {
    if (put instanceof PackedEntries && put.find(path, row)) return true;
    if (put.has(path) || remove.has(path)) return false;
  }
  return false;
}

/** One changed path, and where the lines with it lie; from `start` to `start` where there is none, but where it would be. */
interface Edit {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Yields the changed paths in order, each looked for when it is asked for: a save that changes all must not block. */
function* edits(lines: SortedLines, layers: readonly LayeredContents[]): Iterable<Edit> {
  const paths = sortTreePaths(layers.flatMap(({ put, remove }) => [...put.keys(), ...remove]));
  let from = lines.from;
  let previous: string | undefined;
  for (const path of paths) {
    if (path === previous) continue;
    previous = path;
    const key = treePathToBytes(path);
    const start = lowerBoundFrom(lines, key, from);
    let end = start;
    while (end < lines.to && compareKey(lines.bytes, end, key) === 0) end = nextLine(lines.bytes, end);
    from = end;
    yield { path, start, end };
  }
}

/** The lines from one to another, as they stand in the text, without the separator that ends the last of them. */
function copied({ bytes, to }: SortedLines, start: number, end: number): Uint8Array {
  return bytes.subarray(start, end === to ? end - 1 : end - SEPARATOR.length);
}
