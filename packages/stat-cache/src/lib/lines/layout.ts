import { isTreePath, isWellFormedPath } from '@muse/paths';
import type { StoredLines } from '../types.js';

/** How stored lines are laid out, and in which order; FORMAT.md says how their parts go together. */

export const MTIME = Buffer.from('":{"mtime":');
export const CTIME = Buffer.from(',"ctime":');
export const SIZE = Buffer.from(',"size":');
export const INO = Buffer.from(',"ino":');
export const HASH = Buffer.from(',"object_hash":"');
export const ALGORITHM = Buffer.from('sha256:');
/** What ends the line of an entry without dimensions. */
export const TAIL = Buffer.from('","dimensions":{}}');
/** What stands between two lines. */
export const SEPARATOR = Buffer.from(',\n');

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Which of the two words of a number of 64 bits is the lower one. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
/** Which of the two words of a number of 64 bits is the higher one. */
export const HIGH = LITTLE_ENDIAN ? 1 : 0;

/** Returns an item of a table; throws where there is none. */
export function itemAt(items: Int32Array | Uint32Array, at: number): number {
  const item = items[at];
  if (item === undefined) throw new RangeError(`Broken table: no item ${at} of ${items.length}`);
  return item;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const U = 0x75;

/** Returns the offset of the first line whose path is not before `path`; `lines.to` where there is none. */
export function lowerBound(lines: StoredLines, path: Uint8Array): number {
  return bisect(lines.bytes, lines.from, lines.to, path);
}

/** Does what {@link lowerBound} does from a line on, in steps that double: for a line that is not far away. */
export function lowerBoundFrom(lines: StoredLines, path: Uint8Array, start: number): number {
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

/** Returns the offset of the quote that ends the key of the line that begins at `start`, or of the line's end. */
export function keyEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (let code = bytes[at]; code !== QUOTE && code !== LINE_FEED && code !== undefined; code = bytes[at]) {
    at += code === BACKSLASH && bytes[at + 1] !== LINE_FEED ? 2 : 1;
  }
  return at;
}

/**
 * Compares the path of the line that begins at `start` with the bytes of a path: negative when the line is before it.
 * Looks at no more of the line than it takes to tell.
 */
export function compareKey(bytes: Uint8Array, start: number, path: Uint8Array): number {
  let at = start + 1;
  for (let i = 0; ;) {
    const key = bytes[at] ?? 0;
    if (key === QUOTE) return i === path.length ? 0 : -1;
    if (i === path.length) return 1;
    if (key !== BACKSLASH) {
      const difference = key - (path[i++] ?? 0);
      if (difference !== 0) return difference;
      at++;
      continue;
    }
    const { length, stands } = escapeAt(bytes, at);
    for (const byte of stands) {
      if (i === path.length) return 1;
      const difference = byte - (path[i++] ?? 0);
      if (difference !== 0) return difference;
    }
    at += length;
  }
}

/** An escape in a key: how many bytes it has, and those of a path that it stands for. */
interface Escape {
  readonly length: number;
  readonly stands: Uint8Array;
}

const LETTERS = Buffer.from('"\\/bfnrt');
const LETTERS_STAND_FOR = Buffer.from('"\\/\b\f\n\r\t');
/** What stands for no byte of a path has a place in the order too, by how it is written. */
const AS_WRITTEN: Escape = { length: 1, stands: Uint8Array.of(BACKSLASH) };

function escapeAt(bytes: Uint8Array, at: number): Escape {
  const letter = LETTERS.indexOf(bytes[at + 1] ?? 0);
  if (letter >= 0) return { length: 2, stands: LETTERS_STAND_FOR.subarray(letter, letter + 1) };
  const unit = unitAt(bytes, at);
  if (unit >= 0xdc80 && unit <= 0xdcff) return { length: 6, stands: Uint8Array.of(unit & 0xff) };
  const next = unit >= 0xd800 && unit < 0xdc00 ? unitAt(bytes, at + 6) : 0;
  const text = next === 0 ? String.fromCharCode(unit) : String.fromCharCode(unit, next);
  if (unit > 0xffff || next > 0xffff || !isWellFormedPath(text)) return AS_WRITTEN;
  return { length: 6 * text.length, stands: Buffer.from(text) };
}

/** Returns the UTF-16 unit that `\uXXXX` stands for, or infinity where there is no such escape. */
function unitAt(bytes: Uint8Array, at: number): number {
  let unit = bytes[at] === BACKSLASH && bytes[at + 1] === U ? 0 : Infinity;
  for (let i = at + 2; i < at + 6; i++) unit = unit * 16 + hexDigit(bytes[i] ?? 0);
  return unit;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Infinity;
}

/** Returns the bytes that {@link compareKey} sees in the key of the line that begins at `start`. */
export function keyBytes(bytes: Uint8Array, start: number): Buffer {
  const end = keyEnd(bytes, start);
  const key = Buffer.alloc(end - start);
  let length = 0;
  for (let at = start + 1; at < end;) {
    if (bytes[at] === BACKSLASH) {
      const escape = escapeAt(bytes, at);
      key.set(escape.stands, length);
      length += escape.stands.length;
      at += escape.length;
    } else {
      key[length++] = bytes[at++] ?? 0;
    }
  }
  return key.subarray(0, length);
}

/** Returns the path of the line that begins at `start`, or `undefined` where its key is none. */
export function pathOfLine(bytes: Uint8Array, start: number): string | undefined {
  try {
    const path = keyText(bytes, start);
    return isTreePath(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the path of the line that begins at `start`; throws where the line is no JSON. */
export function keyText(bytes: Uint8Array, start: number): string {
  return JSON.parse(quotedKey(bytes, start).toString()) as string;
}

function quotedKey(bytes: Uint8Array, start: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, keyEnd(bytes, start) + 1 - start);
}
