import { isUtf8 } from 'node:buffer';

/**
 * Returns the string for a name or path given as bytes, without loss.
 *
 * The mapping is that of PEP 383, as Python's `os.fsdecode` applies it to UTF-8: each byte `0x80 + n` that belongs
 * to no valid sequence becomes the lone surrogate `U+DC80 + n`. Overlong forms, encoded surrogates and values above
 * U+10FFFF are invalid, as in Unicode's table 3-7.
 */
export function treePathFromBytes(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  const text = buffer.toString('utf8');
  // Only a decoder's repair or a genuine U+FFFD brings this character: all other names are done here.
  return text.includes('\ufffd') && !isUtf8(buffer) ? decodeEscaping(buffer) : text;
}

/**
 * Returns the bytes that {@link treePathFromBytes} makes `path` from: UTF-8, and `U+DC80 + n` as the byte `0x80 + n`.
 *
 * @throws TypeError when `path` has a lone surrogate outside U+DC80..U+DCFF, which stands for no byte.
 */
export function treePathToBytes(path: string): Buffer {
  return isWellFormedPath(path) ? Buffer.from(path, 'utf8') : encodeEscaped(path);
}

/**
 * True when Node hands `path` to the system without loss as the string it is: it has no lone surrogate, hence no
 * escaped byte. Of any other string Node makes U+FFFD silently, so give it `treePathToBytes(path)`.
 */
export function isWellFormedPath(path: string): boolean {
  return (path as string & { isWellFormed(): boolean }).isWellFormed();
}

/**
 * Returns what Node must be given to open a native path: the string itself, or its bytes where some are escaped.
 *
 * @throws TypeError when `path` has a lone surrogate that stands for no byte.
 */
export function toOpenable(path: string): string | Buffer {
  return isWellFormedPath(path) ? path : encodeEscaped(path);
}

/** True for the lone surrogates that stand for a byte. The caller knows that no high surrogate goes before. */
export function isEscapedByte(unit: number): boolean {
  return unit >= 0xdc80 && unit <= 0xdcff;
}

/** Returns a Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeEscaping(bytes: Buffer): string {
  let text = '';
  let valid = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += bytes.toString('utf8', valid, at) + String.fromCharCode(0xdc00 + byteAt(bytes, at));
    valid = ++at;
  }
  return text + bytes.toString('utf8', valid);
}

/** The length of the UTF-8 sequence that starts at `at`; 0 where none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = byteAt(bytes, at);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const second = byteAt(bytes, at + 1);
  if (lead < 0xe0) return isContinuation(second) ? 2 : 0;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most || !isContinuation(byteAt(bytes, at + 2))) return 0;
  if (lead < 0xf0) return 3;
  return isContinuation(byteAt(bytes, at + 3)) ? 4 : 0;
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

function encodeEscaped(path: string): Buffer {
  const parts: Buffer[] = [];
  let valid = 0;
  for (let at = 0; at < path.length; at++) {
    const unit = path.codePointAt(at) ?? 0;
    if (unit > 0xffff) at++;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (!isEscapedByte(unit)) {
      const name = `U+${unit.toString(16).toUpperCase()}`;
      throw new TypeError(
        `Cannot turn ${JSON.stringify(path)} into bytes: the lone surrogate ${name} stands for no byte, only U+DC80 to U+DCFF do`,
      );
    }
    parts.push(Buffer.from(path.slice(valid, at), 'utf8'), Buffer.of(unit - 0xdc00));
    valid = at + 1;
  }
  parts.push(Buffer.from(path.slice(valid), 'utf8'));
  return Buffer.concat(parts);
}
