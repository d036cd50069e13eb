import { ALGORITHM, CTIME, HASH, INO, MTIME, SIZE, TAIL } from './line-parts.js';

/**
 * The test that nearly every canonical line passes, byte by byte: a key of plain ASCII that is a tree path, numbers in
 * canonical form, a well-formed object id, no dimensions. It takes 0.3 µs where parsing the line takes 4.
 */

const ID_DIGITS = 64;
const MAX_DIGITS = 20;
const DECIMALS = 9;

/** Returns the offset of the quote after the key of a plain line from `start` to `end`, or -1 for any other line. */
export function plainLineKeyEnd(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0x22) return -1;
  const key = plainKeyEnd(bytes, start + 1);
  let at = literal(bytes, key, MTIME);
  at = literal(bytes, time(bytes, at), CTIME);
  at = literal(bytes, time(bytes, at), SIZE);
  at = literal(bytes, count(bytes, at), INO);
  at = literal(bytes, literal(bytes, count(bytes, at), HASH), ALGORITHM);
  at = literal(bytes, digits(bytes, at), TAIL);
  return at === end ? key : -1;
}

// Each of these takes the offset where its part begins and returns the one after it, or -1; -1 in gives -1 out.

function literal(bytes: Uint8Array, at: number, part: Uint8Array): number {
  if (at < 0) return -1;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return -1;
  return at + part.length;
}

/** A tree path of plain bytes: no empty segment, none that is `.` or `..`. */
function plainKeyEnd(bytes: Uint8Array, start: number): number {
  let segment = start;
  for (let at = start; ; at++) {
    const code = bytes[at] ?? 0;
    if (code === 0x2f || code === 0x22) {
      const length = at - segment;
      if (length === 0) return -1;
      if (bytes[segment] === 0x2e && (length === 1 || (length === 2 && bytes[segment + 1] === 0x2e)))
        return -1;
      if (code === 0x22) return at;
      segment = at + 1;
    } else if (code < 0x20 || code >= 0x80 || code === 0x5c) {
      return -1;
    }
  }
}

function count(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  let at = start;
  while (isDigit(bytes[at])) at++;
  const length = at - start;
  if (length === 0 || length > MAX_DIGITS) return -1;
  return length > 1 && bytes[start] === 0x30 ? -1 : at;
}

function time(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  const negative = bytes[start] === 0x2d;
  const point = count(bytes, negative ? start + 1 : start);
  if (point < 0 || bytes[point] !== 0x2e) return -1;
  const end = point + 1 + DECIMALS;
  let zero = bytes[point - 1] === 0x30 && point - start === (negative ? 2 : 1);
  for (let at = point + 1; at < end; at++) {
    if (!isDigit(bytes[at])) return -1;
    zero &&= bytes[at] === 0x30;
  }
  // Zero has no sign.
  return negative && zero ? -1 : end;
}

function digits(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  for (let at = start; at < start + ID_DIGITS; at++) {
    const code = bytes[at] ?? 0;
    if (!isDigit(code) && !(code >= 0x61 && code <= 0x66)) return -1;
  }
  return start + ID_DIGITS;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}
