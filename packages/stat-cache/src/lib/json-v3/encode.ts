import { createHash } from 'node:crypto';
import { compareTreePaths } from '@muse/paths';
import { LayeredContents } from '../layered-contents.js';
import type { CacheChange, FileCacheEntry } from '../types.js';
import { CanonicalContents, pathAt } from './canonical-contents.js';
import { BEFORE_CHECKSUM, CHECKSUM_KEY, END, HEADER, SEPARATOR } from './canonical-text.js';
import { entryText } from './entry-text.js';
import type { LineIndex } from './line-index.js';

/** Yields the canonical text after a change, piece by piece; lines of `base` that did not change are copied as bytes. */
export function* encode(change: CacheChange): Iterable<Uint8Array> {
  const hasher = createHash('sha256');
  for (const piece of coveredPieces(change)) {
    hasher.update(piece);
    yield piece;
  }
  yield CHECKSUM_KEY;
  yield Buffer.from(hasher.digest('hex'));
  yield END;
}

function* coveredPieces(change: CacheChange): Iterable<Uint8Array> {
  yield HEADER;
  let first = true;
  for (const lines of lineGroups(change)) {
    if (!first) yield SEPARATOR;
    first = false;
    yield lines;
  }
  if (!first) yield SEPARATOR.subarray(1);
  yield BEFORE_CHECKSUM;
}

/** Yields groups of lines in path order, with separators inside a group but not around it. */
function* lineGroups({ base, put, remove }: CacheChange): Iterable<Uint8Array> {
  const contents = LayeredContents.of(base, put, remove);
  const layered = contents instanceof LayeredContents ? contents : undefined;
  if (!layered || !(layered.base instanceof CanonicalContents)) {
    yield* formatted([...contents.entries()].sort(([a], [b]) => compareTreePaths(a, b)));
    return;
  }
  const { lines } = layered.base;
  let from = 0;
  let pending: [string, FileCacheEntry][] = [];
  for (const { path, line, replaces } of edits(lines, layered)) {
    if (line > from) {
      yield* formatted(pending);
      pending = [];
      yield copied(lines, from, line);
    }
    from = replaces ? line + 1 : line;
    const entry = layered.put.get(path);
    if (entry) pending.push([path, entry]);
  }
  yield* formatted(pending);
  if (from < lines.size) yield copied(lines, from, lines.size);
}

/** One changed path, and where its line is or would be. */
interface Edit {
  readonly path: string;
  readonly line: number;
  readonly replaces: boolean;
}

function edits(lines: LineIndex, { put, remove }: LayeredContents): Edit[] {
  const paths = [...put.keys(), ...[...remove].filter((path) => !put.has(path))].sort(compareTreePaths);
  return paths.map((path) => {
    const line = lines.find(path);
    return line < 0
      ? { path, line: lineAfter(lines, path), replaces: false }
      : { path, line, replaces: true };
  });
}

/** Returns the first line whose path comes after this one. */
function lineAfter(lines: LineIndex, path: string): number {
  let low = 0;
  let high = lines.size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareTreePaths(pathAt(lines, middle), path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The lines from one to another, as they stand in the text. Dropped lines may lie between: those are cut out. */
function copied({ bytes, starts, ends }: LineIndex, from: number, to: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let runStart = from;
  for (let line = from + 1; line <= to; line++) {
    const follows = line < to && starts[line] === (ends[line - 1] ?? 0) + SEPARATOR.length;
    if (follows) continue;
    if (pieces.length > 0) pieces.push(SEPARATOR);
    pieces.push(bytes.subarray(starts[runStart], ends[line - 1]));
    runStart = line;
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

const LINES_A_PIECE = 4096;

function* formatted(entries: readonly (readonly [string, FileCacheEntry])[]): Iterable<Uint8Array> {
  for (let at = 0; at < entries.length; at += LINES_A_PIECE) {
    const lines: string[] = [];
    for (const [path, entry] of entries.slice(at, at + LINES_A_PIECE)) {
      // An entry without a ctime can never be a hit, so it is not worth a line.
      if (entry.ctimeNs !== undefined) lines.push(entryText(path, { ...entry, ctimeNs: entry.ctimeNs }));
    }
    if (lines.length > 0) yield Buffer.from(lines.join(',\n'));
  }
}
