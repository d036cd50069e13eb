import { entryOfLine } from './line.js';
import { ALGORITHM, CTIME, HASH, HIGH, INO, LOW, MTIME, SIZE, TAIL, itemAt } from './layout.js';

/**
 * Reads a canonical line as it compares it. Numbers are never made into bigints: a decimal text and a packed number of
 * 64 bits are equal exactly when they agree in the lowest 32 bits and differ by less than 2^31 as doubles.
 */

const MAX_DIGITS = 20;
const MINUS = 0x2d;
const POINT = 0x2e;
const DECIMALS = 9;
const SECOND = 1_000_000_000;
const ID_DIGITS = 64;
const TWO_32 = 4_294_967_296;
const TWO_31 = 2_147_483_648;

/**
 * Where the fields of a packed stat begin, in words of 32 bits from its own beginning: inode and size have two words
 * each, a time two for its seconds and, elsewhere, one for its nanoseconds.
 */
export interface StatLayout {
  readonly ino: number;
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly mtimeNs: number;
  readonly ctimeNs: number;
}

/**
 * Returns the offset of the object id in the canonical line that begins at `start` and whose key ends with the quote at
 * `key`, if the packed stat at `word` equals the line's in every field; else 0.
 */
export function objectIdOffset(
  bytes: Uint8Array,
  start: number,
  key: number,
  words: Int32Array,
  word: number,
  layout: StatLayout,
): number {
  let at = literal(bytes, key, MTIME);
  at = literal(bytes, time(bytes, at, words, word + layout.mtime, word + layout.mtimeNs), CTIME);
  at = literal(bytes, time(bytes, at, words, word + layout.ctime, word + layout.ctimeNs), SIZE);
  at = literal(bytes, count(bytes, at, words, word + layout.size), INO);
  at = literal(bytes, count(bytes, at, words, word + layout.ino), HASH);
  const id = at;
  at = digits(bytes, literal(bytes, at, ALGORITHM));
  if (at < 0) return 0;
  return literal(bytes, at, TAIL) >= 0 || entryOfLine(bytes, start) !== undefined ? id : 0;
}

// Each of these takes the offset where its part begins and returns the one after it, or -1 where it is another part or
// another number; -1 in gives -1 out. All state is local: in module variables it costs three times as much.

function literal(bytes: Uint8Array, at: number, part: Uint8Array): number {
  if (at < 0) return -1;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return -1;
  return at + part.length;
}

/** A size or an inode number. */
function count(bytes: Uint8Array, start: number, words: Int32Array, word: number): number {
  if (start < 0) return -1;
  let at = start;
  let sum = 0;
  let low = 0;
  for (; ; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    sum = sum * 10 + digit;
    low = (Math.imul(low, 10) + digit) | 0;
  }
  if (at === start || at - start > MAX_DIGITS || (at - start > 1 && bytes[start] === 0x30)) return -1;
  const lowWord = itemAt(words, word + LOW);
  const value = (itemAt(words, word + HIGH) >>> 0) * TWO_32 + (lowWord >>> 0);
  return low === lowWord && Math.abs(sum - value) < TWO_31 ? at : -1;
}

/** A time in seconds with nine decimals; packed, the nanoseconds are counted up from whole seconds, also before 1970. */
function time(bytes: Uint8Array, start: number, words: Int32Array, seconds: number, rest: number): number {
  if (start < 0) return -1;
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  let at = first;
  let sum = 0;
  let low = 0;
  for (; ; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    sum = sum * 10 + digit;
    low = (Math.imul(low, 10) + digit) | 0;
  }
  const length = at - first;
  if (length === 0 || length > MAX_DIGITS || (length > 1 && bytes[first] === 0x30)) return -1;
  if (bytes[at] !== POINT) return -1;
  const end = at + 1 + DECIMALS;
  let ns = 0;
  for (at++; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    ns = ns * 10 + digit;
  }
  if (negative) {
    // Zero has no sign.
    if (sum === 0 && ns === 0) return -1;
    const borrow = ns > 0 ? 1 : 0;
    sum = -sum - borrow;
    low = (-low - borrow) | 0;
    ns = borrow * SECOND - ns;
  }
  const lowWord = itemAt(words, seconds + LOW);
  const value = itemAt(words, seconds + HIGH) * TWO_32 + (lowWord >>> 0);
  return ns === itemAt(words, rest) && low === lowWord && Math.abs(sum - value) < TWO_31 ? end : -1;
}

function digits(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  const end = start + ID_DIGITS;
  for (let at = start; at < end; at++) {
    const code = bytes[at] ?? 0;
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return -1;
  }
  return end;
}
