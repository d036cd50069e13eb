import { isObjectId, MAX_DIMENSION_NAME, MAX_DIMENSIONS, type FileCacheEntry } from '../types.js';

/**
 * Walks over JSON text byte by byte, and makes nothing of it. `JSON.parse` cuts nanoseconds and inode numbers above 2^53,
 * forgets all but the last of a repeated key, and makes 30 bytes of memory from each byte of a hostile text.
 *
 * Each function takes the offset where its part begins and returns the one after it, or -1 where there is no such part;
 * -1 in gives -1 out. The bytes must be UTF-8.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const U = 0x75;
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));
/** The characters that may follow a backslash, but for `u`. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

/** Deeper nesting is refused: nothing in our format needs more than 4, and a bomb must not reach the stack's end. */
const MAX_DEPTH = 64;

/** Hears of one member of an object: where its key lies, quotes included, and its value. */
export type VisitMember = (key: number, keyEnd: number, value: number, valueEnd: number) => void;

export function skipSpace(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  let at = start;
  for (let code = bytes[at]; code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;) {
    code = bytes[++at];
  }
  return at;
}

/** One value of any kind, without white space around it. */
export function skipValue(bytes: Uint8Array, start: number, depth = 0): number {
  if (start < 0 || depth > MAX_DEPTH) return -1;
  switch (bytes[start]) {
    case OPEN_OBJECT:
      return closing(bytes, skipMembers(bytes, start + 1, depth + 1), CLOSE_OBJECT);
    case OPEN_ARRAY:
      return closing(bytes, skipElements(bytes, start + 1, depth + 1), CLOSE_ARRAY);
    case QUOTE:
      return skipString(bytes, start);
    default:
      return skipWordOrNumber(bytes, start);
  }
}

/** Skips the members between the braces of an object; `depth` is that of their values. */
export function skipMembers(bytes: Uint8Array, start: number, depth: number, visit?: VisitMember): number {
  let at = skipSpace(bytes, start);
  if (bytes[at] !== QUOTE) return at;
  for (;;) {
    const key = at;
    const keyEnd = skipString(bytes, key);
    const value = skipSpace(bytes, closing(bytes, skipSpace(bytes, keyEnd), COLON));
    const valueEnd = skipValue(bytes, value, depth);
    if (valueEnd < 0) return -1;
    visit?.(key, keyEnd, value, valueEnd);
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] !== COMMA) return at;
    at = skipSpace(bytes, at + 1);
  }
}

function skipElements(bytes: Uint8Array, start: number, depth: number): number {
  let at = skipSpace(bytes, start);
  if (bytes[at] === CLOSE_ARRAY) return at;
  for (;;) {
    at = skipSpace(bytes, skipValue(bytes, at, depth));
    if (at < 0 || bytes[at] !== COMMA) return at;
    at = skipSpace(bytes, at + 1);
  }
}

/** Goes past one byte, which must be this one. */
function closing(bytes: Uint8Array, at: number, code: number): number {
  return at >= 0 && bytes[at] === code ? at + 1 : -1;
}

export function skipString(bytes: Uint8Array, start: number): number {
  if (start < 0 || bytes[start] !== QUOTE) return -1;
  for (let at = start + 1; ; at++) {
    const code = bytes[at];
    if (code === QUOTE) return at + 1;
    if (code === undefined || code < 0x20) return -1;
    if (code !== BACKSLASH) continue;
    const escape = bytes[++at];
    if (escape === U) {
      for (let i = 0; i < 4; i++) if (!isHexDigit(bytes[++at])) return -1;
    } else if (escape === undefined || !ESCAPES.has(escape)) {
      return -1;
    }
  }
}

function skipWordOrNumber(bytes: Uint8Array, start: number): number {
  const word = WORDS.find(([first]) => first === bytes[start]);
  if (!word) return skipNumber(bytes, start);
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return -1;
  return start + word.length;
}

function skipNumber(bytes: Uint8Array, start: number): number {
  const first = bytes[start] === 0x2d ? start + 1 : start;
  let at = bytes[first] === 0x30 ? first + 1 : skipDigits(bytes, first);
  if (bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, at + (sign === 0x2b || sign === 0x2d ? 2 : 1));
  }
  return at;
}

/** One digit or more. */
function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return at > start ? at : -1;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}

function isHexDigit(code: number | undefined): boolean {
  if (code === undefined) return false;
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}

/** Returns what a string stands for, from its first quote to after its last. */
export function stringText(bytes: Buffer, start: number, end: number): string {
  return JSON.parse(bytes.toString('utf8', start, end)) as string;
}

// Entries.

const FIELDS = ['mtime', 'ctime', 'size', 'ino', 'object_hash', 'dimensions'] as const;
type Field = (typeof FIELDS)[number];
/** Bytes of one UTF-16 unit, however it is written. */
const UNIT_BYTES = 6;
/** More bytes than any of these has, however it is written: a name of ours, a number, an object id. */
const MAX_SCALAR_BYTES = 80 * UNIT_BYTES;

/**
 * Returns the entry that a JSON value describes, or `undefined` where any part of it is damaged or repeated. The bytes
 * from `start` on must be a value, of whatever kind.
 */
export function decodeEntry(bytes: Buffer, start: number): FileCacheEntry | undefined {
  const fields = fieldsOf(bytes, start);
  if (!fields) return undefined;
  const scalar = (field: Field) => {
    const [from, to] = fields.get(field) ?? [0, 0];
    return to - from > MAX_SCALAR_BYTES ? '' : bytes.toString('latin1', from, to);
  };
  const mtimeNs = parseTime(scalar('mtime'));
  const size = parseCount(scalar('size'));
  const ino = parseCount(scalar('ino'));
  const ctimeNs = parseTime(scalar('ctime'));
  const hash = scalar('object_hash');
  const objectId = hash.startsWith('"') ? (JSON.parse(hash) as string) : '';
  const dimensions = dimensionsFrom(bytes, fields.get('dimensions')?.[0]);
  if (mtimeNs === undefined || size === undefined || ino === undefined) return undefined;
  if (ctimeNs === undefined && fields.has('ctime')) return undefined;
  if (!isObjectId(objectId) || !dimensions) return undefined;
  return { size, mtimeNs, ctimeNs, ino, objectId, dimensions };
}

type Fields = ReadonlyMap<string, readonly [from: number, to: number]>;

/** Returns where the values of our fields lie; `undefined` where one is there twice, or the value is no object. */
function fieldsOf(bytes: Buffer, start: number): Fields | undefined {
  if (bytes[start] !== OPEN_OBJECT) return undefined;
  const fields = new Map<string, readonly [number, number]>();
  const state = { repeated: false };
  skipMembers(bytes, start + 1, 0, (key, keyEnd, value, valueEnd) => {
    if (keyEnd - key > MAX_SCALAR_BYTES) return;
    const name = stringText(bytes, key, keyEnd);
    if (!FIELDS.includes(name as Field)) return;
    state.repeated ||= fields.has(name);
    fields.set(name, [value, valueEnd]);
  });
  return state.repeated ? undefined : fields;
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

function dimensionsFrom(bytes: Buffer, start: number | undefined): ReadonlyMap<string, string> | undefined {
  if (start === undefined) return NO_DIMENSIONS;
  if (bytes[start] !== OPEN_OBJECT) return undefined;
  const dimensions = new Map<string, string>();
  const state = { damaged: false };
  skipMembers(bytes, start + 1, 0, (key, keyEnd, value, valueEnd) => {
    // No longer text is made, and no larger map, than an entry may have.
    state.damaged ||= keyEnd - key > MAX_DIMENSION_NAME * UNIT_BYTES + 2 || bytes[value] !== QUOTE;
    if (state.damaged) return;
    const name = stringText(bytes, key, keyEnd);
    state.damaged = name.length > MAX_DIMENSION_NAME || dimensions.has(name);
    state.damaged ||= dimensions.size === MAX_DIMENSIONS;
    if (!state.damaged) dimensions.set(name, stringText(bytes, value, valueEnd));
  });
  if (state.damaged) return undefined;
  return dimensions.size === 0 ? NO_DIMENSIONS : dimensions;
}

// Numbers.

const TIME = /^-?(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,9})?$/;
const COUNT = /^(?:0|[1-9][0-9]{0,19})$/;
const NANOSECOND_DIGITS = 9;

/** Returns nanoseconds from a time in seconds with at most nine decimals and no exponent, else `undefined`. */
export function parseTime(text: string): bigint | undefined {
  if (!TIME.test(text)) return undefined;
  const point = text.indexOf('.');
  if (point < 0) return BigInt(text) * 1_000_000_000n;
  const decimals = text.slice(point + 1).padEnd(NANOSECOND_DIGITS, '0');
  // The sign stays in front of the digits: "-0.5" is -500000000.
  return BigInt(text.slice(0, point) + decimals);
}

/** Returns a size or an inode number from its digits, else `undefined`. */
export function parseCount(text: string): bigint | undefined {
  return COUNT.test(text) ? BigInt(text) : undefined;
}
