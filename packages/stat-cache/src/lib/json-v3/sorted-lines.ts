import { treePathToBytes } from '@muse/paths';
import type { SortedLines } from '../types.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;

/** Returns the offset of the first line whose path is not before `path`; `lines.to` where there is none. */
export function lowerBound(lines: SortedLines, path: Uint8Array): number {
  return bisect(lines.bytes, lines.from, lines.to, path);
}

/** Returns how many lines there are of files below the directory with this tree path. */
export function countLinesBelow(lines: SortedLines, path: string): number {
  let line = lowerBound(lines, treePathToBytes(`${path}/`));
  // `0` is what comes after `/`: the first path that is not below the directory.
  const end = lowerBound(lines, treePathToBytes(`${path}0`));
  let count = 0;
  for (; line < end; line = nextLine(lines.bytes, line)) count++;
  return count;
}

/** Does what {@link lowerBound} does from a line on, in steps that double: for a line that is not far away. */
export function lowerBoundFrom(lines: SortedLines, path: Uint8Array, start: number): number {
  const { bytes, to } = lines;
  let low = start;
  let high = start;
  for (let step = FIRST_STEP; high < to; step *= 2) {
    if (compareKey(bytes, high, path) >= 0) return bisect(bytes, low, high, path);
    low = nextLine(bytes, high);
    high = low + step < to ? lineStart(bytes, low + step, low) : to;
  }
  return bisect(bytes, low, to, path);
}

/** Bytes of two lines or so. */
const FIRST_STEP = 512;

/** All lines before `from` are before `path`, none from `to` on is; both are starts of lines. */
function bisect(bytes: Uint8Array, from: number, to: number, path: Uint8Array): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = lineStart(bytes, (low + high) >>> 1, low);
    if (compareKey(bytes, middle, path) < 0) low = nextLine(bytes, middle);
    else high = middle;
  }
  return low;
}

/** Returns the start of the line that holds the byte at `at`; lines begin at `least` at the earliest. */
function lineStart(bytes: Uint8Array, at: number, least: number): number {
  let start = at;
  while (start > least && bytes[start - 1] !== LINE_FEED) start--;
  return start;
}

/** Returns the start of the line after the one that holds the byte at `at`. */
export function nextLine(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end] !== LINE_FEED) end++;
  return end + 1;
}

/** Returns the offset of the quote that ends the key of the line that begins at `start`. */
export function keyEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Compares the path of the line that begins at `start` with the bytes of a path: negative when the line is before it. */
export function compareKey(bytes: Uint8Array, start: number, path: Uint8Array): number {
  const first = start + 1;
  for (let i = 0; ; i++) {
    const key = bytes[first + i] ?? 0;
    if (key === BACKSLASH) return compareEscaped(bytes, start, path);
    if (key === QUOTE) return i === path.length ? 0 : -1;
    if (i === path.length) return 1;
    const difference = key - (path[i] ?? 0);
    // An escape further on cannot matter any more; one before has led to the other comparison.
    if (difference !== 0) return difference;
  }
}

/** A key with escapes is compared by the bytes that it stands for. */
function compareEscaped(bytes: Uint8Array, start: number, path: Uint8Array): number {
  return Buffer.compare(keyBytes(bytes, start), path);
}

/**
 * Returns the bytes of the path of the line that begins at `start`. A key that is no path has a place in the order too,
 * by the bytes that it is written with.
 */
export function keyBytes(bytes: Uint8Array, start: number): Buffer {
  try {
    return treePathToBytes(keyText(bytes, start));
  } catch {
    return quotedKey(bytes, start).subarray(1, -1);
  }
}

/** Returns the path of the line that begins at `start`; throws where the line is no JSON. */
export function keyText(bytes: Uint8Array, start: number): string {
  return JSON.parse(quotedKey(bytes, start).toString()) as string;
}

function quotedKey(bytes: Uint8Array, start: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, keyEnd(bytes, start) + 1 - start);
}
