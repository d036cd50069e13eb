import { createHash, hash } from 'node:crypto';
import { isTreePath, sortTreePaths, treePathToBytes } from '@muse/paths';
import {
  compareKey,
  entryOfLine,
  itemAt,
  judgeLine,
  keyBytes,
  keyEnd,
  keyText,
  LineWriter,
  lowerBound,
  lowerBoundFrom,
  nextLine,
  PlainLine,
  SEPARATOR,
} from '../lines/lines.js';
import {
  CACHE_VERSION,
  type CacheChange,
  type CacheCodec,
  type CacheContents,
  type DecodeResult,
  type Discarded,
  type DiscardReason,
  type FileCacheEntry,
  type Sha256Elsewhere,
  type StoredLines,
} from '../types.js';
import { decodeLoose } from './loose.js';

/** The format of `stat.json`, JSON version 3; FORMAT.md in this package specifies it. */
export const jsonV3Codec: CacheCodec = jsonV3With();

/** Returns the codec of that format; with `digest`, the result of decoding is there before the checksum is checked. */
export function jsonV3With(digest?: Sha256Elsewhere): CacheCodec {
  return {
    decode: (bytes) => {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return decodeCanonical(buffer, digest) ?? decodeLoose(buffer);
    },
    encode,
  };
}

// The frame around the lines.

/** The beginning of canonical text. */
const HEADER = Buffer.from(`{"version":${CACHE_VERSION},"entries":{\n`);
/** The text after the last entry; the checksum covers everything up to its end. */
const BEFORE_CHECKSUM = Buffer.from('},');
/** The text before the checksum's 64 hex digits, which the checksum does not cover. */
const CHECKSUM_KEY = Buffer.from('"checksum":"');
/** The end of the text. */
const END = Buffer.from('"}');

const DIGEST_LENGTH = 64;
/** Bytes from `BEFORE_CHECKSUM` to the end of the text. */
const FOOTER_LENGTH = BEFORE_CHECKSUM.length + CHECKSUM_KEY.length + DIGEST_LENGTH + END.length;

/** Offsets of the parts of a canonical text. */
interface Layout {
  /** Offset of the first entry's line. */
  readonly bodyStart: number;
  /** Offset after the line feed of the last entry's line. */
  readonly bodyEnd: number;
  /** Offset after the bytes that the checksum covers. */
  readonly covered: number;
  /** The checksum, 64 hex digits. */
  readonly checksum: string;
}

/** Returns where the parts lie, or `undefined` for a text that is not framed as canonical text is. */
function layoutOf(bytes: Buffer): Layout | undefined {
  const bodyEnd = bytes.length - FOOTER_LENGTH;
  if (bodyEnd < HEADER.length || bytes[bodyEnd - 1] !== 0x0a) return undefined;
  const covered = bodyEnd + BEFORE_CHECKSUM.length;
  const digest = covered + CHECKSUM_KEY.length;
  const framed =
    holds(bytes, 0, HEADER) &&
    holds(bytes, bodyEnd, BEFORE_CHECKSUM) &&
    holds(bytes, covered, CHECKSUM_KEY) &&
    holds(bytes, digest + DIGEST_LENGTH, END);
  if (!framed) return undefined;
  return {
    bodyStart: HEADER.length,
    bodyEnd,
    covered,
    checksum: bytes.toString('latin1', digest, digest + DIGEST_LENGTH),
  };
}

function holds(bytes: Buffer, offset: number, part: Buffer): boolean {
  return bytes.compare(part, 0, part.length, offset, offset + part.length) === 0;
}

// Decoding.

const OTHER_CHECKSUM: Discarded = { discarded: 'checksum', detail: 'its text does not match its checksum' };

/** Takes canonical text as it is; `undefined` for text that is not framed as canonical text is. */
function decodeCanonical(bytes: Buffer, digest?: Sha256Elsewhere): DecodeResult | undefined {
  const layout = layoutOf(bytes);
  if (!layout) return undefined;
  const covered = bytes.subarray(0, layout.covered);
  const here = () => hash('sha256', covered, 'hex');
  const judge = (checksum: string) => (checksum === layout.checksum ? undefined : OTHER_CHECKSUM);
  const checking = digest?.(covered).catch(here).then(judge);
  const fault = checking ? undefined : judge(here());
  if (fault) return fault;
  const { bodyStart: from, bodyEnd: to } = layout;
  let count: number | undefined;
  const lines = {
    bytes,
    from,
    to,
    /** Counted when it is asked for: a snapshot of which each file is a hit does not. */
    get count() {
      return (count ??= countLines(bytes, from, to));
    },
  };
  return { contents: new LineContents(lines), dropped: 0, checking };
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at = bytes.indexOf(LINE_FEED, at) + 1) count++;
  return count;
}

const LINE_FEED = 0x0a;
const COMMA = 0x2c;

/** The findings of a check of all lines. */
interface CheckedLines {
  /** Offsets of the good lines; empty if the text as a whole is not canonical. */
  readonly starts: Uint32Array;
  /** Lines that hold no entry. */
  readonly dropped: number;
  readonly fault?: { readonly discarded: DiscardReason; readonly detail: string } | undefined;
}

/** From so many paths on, an index of all lines takes less time than to look for each path in the text. */
const WORTH_AN_INDEX = 1000;

/** Contents that stay text: a line is checked and decoded each time it is asked for. */
class LineContents implements CacheContents {
  readonly lines: StoredLines | undefined;
  readonly #text: StoredLines;
  #starts: Uint32Array | undefined;
  #checked: CheckedLines | undefined;
  /** Paths that were looked for without an index. */
  #unindexed = 0;
  /** The line that was found last: whoever asks in path order finds the next one there, or after it. */
  #last = 0;

  constructor(text: StoredLines, checked?: CheckedLines) {
    this.#text = text;
    this.#checked = checked;
    // Text with damaged lines is not to be copied by a save, but written anew without them.
    this.lines = checked ? undefined : text;
  }

  get size(): number {
    return this.#check().starts.length;
  }

  has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  get(path: string): FileCacheEntry | undefined {
    if (!isTreePath(path)) return undefined;
    const { bytes, to } = this.#text;
    const key = treePathToBytes(path);
    const [start, next] = this.#linesFrom(key);
    if (start === to || compareKey(bytes, start, key) !== 0) return undefined;
    // A path that is there twice has no entry at all.
    if (next !== to && compareKey(bytes, next, key) === 0) return undefined;
    return entryOfLine(bytes, start);
  }

  /** Returns the offsets of the first line whose path is not before `key`, and of the line after it. */
  #linesFrom(key: Uint8Array): readonly [start: number, next: number] {
    const { bytes, to } = this.#text;
    if (!this.#checked && !this.#starts && this.#unindexed++ < WORTH_AN_INDEX) {
      const start = lowerBound(this.#text, key);
      return [start, start === to ? to : nextLine(bytes, start)];
    }
    const starts = this.#checked?.starts ?? (this.#starts ??= startsOf(this.#text));
    const line = this.#find(starts, key);
    return [starts[line] ?? to, starts[line + 1] ?? to];
  }

  *entries(): Iterable<readonly [string, FileCacheEntry]> {
    const { bytes } = this.#text;
    const line = new PlainLine();
    for (const start of this.#check().starts) {
      const entry = entryOfLine(bytes, start, line);
      if (!entry)
        throw new Error(`Broken stat cache: the line at offset ${start} was good, and is not any more`);
      yield [keyText(bytes, start), entry];
    }
  }

  verify(): DecodeResult {
    const checked = this.#check();
    if (checked.fault) return checked.fault;
    const { dropped } = checked;
    return { contents: dropped === 0 ? this : new LineContents(this.#text, checked), dropped };
  }

  #check(): CheckedLines {
    return (this.#checked ??= checkLines(this.#text));
  }

  /** Returns the first line whose path is not before `key`. */
  #find(starts: Uint32Array, key: Uint8Array): number {
    const order = (line: number) => compareKey(this.#text.bytes, itemAt(starts, line), key);
    let low = 0;
    let high = starts.length;
    if (this.#last < high) {
      const fromLast = order(this.#last);
      if (fromLast === 0) return this.#last;
      if (fromLast > 0) high = this.#last;
      else low = this.#last + 1;
      if (fromLast < 0 && low < high && order(low) >= 0) high = low;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order(middle) < 0) low = middle + 1;
      else high = middle;
    }
    this.#last = low;
    return low;
  }
}

function startsOf({ bytes, from, count }: StoredLines): Uint32Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts = new Uint32Array(count);
  for (let line = 0, at = from; line < count; line++, at = buffer.indexOf(LINE_FEED, at) + 1)
    starts[line] = at;
  return starts;
}

function checkLines(lines: StoredLines): CheckedLines {
  const { bytes, to } = lines;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts = startsOf(lines);
  const good = new Uint32Array(starts.length);
  const parts = new PlainLine();
  let size = 0;
  let before: Key | undefined;
  for (let line = 0; line < starts.length; line++) {
    const start = itemAt(starts, line);
    const next = starts[line + 1];
    const feed = (next ?? to) - 1;
    if (next !== undefined && buffer[feed - 1] !== COMMA) {
      return notCanonical('shape', `no comma before offset ${feed}`);
    }
    const verdict = judgeLine(buffer, start, next === undefined ? feed : feed - 1, parts);
    if (verdict === 'not-json' || verdict === 'shape') {
      return notCanonical(verdict, `the line at offset ${start} is not canonical`);
    }
    const isPlain = verdict === 'plain';
    const now = { start, keyEnd: isPlain ? parts.keyEnd : keyEnd(buffer, start), isPlain };
    const order = before ? compareKeys(buffer, before, now) : -1;
    if (order > 0) return notCanonical('shape', `the line at offset ${start} is out of order`);
    if (order === 0 && before && keyText(buffer, before.start) !== keyText(buffer, start)) {
      // Two keys of the same bytes: one of them is no path, and which bytes it stands for is nobody's to say.
      return notCanonical('shape', `the line at offset ${start} has another key for the same bytes`);
    }
    // Which line of a repeated path is true is anyone's guess, so none is kept.
    if (order < 0 && verdict !== 'bad') good[size++] = start;
    else if (order === 0 && before?.start === good[size - 1]) size--;
    before = now;
  }
  return { starts: good.slice(0, size), dropped: starts.length - size };
}

function notCanonical(discarded: DiscardReason, detail: string): CheckedLines {
  return { starts: new Uint32Array(), dropped: 0, fault: { discarded, detail } };
}

interface Key {
  readonly start: number;
  readonly keyEnd: number;
  readonly isPlain: boolean;
}

function compareKeys(bytes: Buffer, a: Key, b: Key): number {
  if (a.isPlain && b.isPlain) return bytes.compare(bytes, b.start + 1, b.keyEnd, a.start + 1, a.keyEnd);
  return -compareKey(bytes, b.start, keyBytes(bytes, a.start));
}

// Encoding.

/** Yields the canonical text after a change, piece by piece; lines of `base` that did not change are copied as bytes. */
function* encode(change: CacheChange): Iterable<Uint8Array> {
  const hasher = createHash('sha256');
  for (const piece of coveredPieces(change)) {
    hasher.update(piece);
    yield piece;
  }
  yield CHECKSUM_KEY;
  yield Buffer.from(hasher.digest('hex'));
  yield END;
}

function* coveredPieces({ base, put, remove }: CacheChange): Iterable<Uint8Array> {
  yield HEADER;
  let first = true;
  const { lines } = base;
  const groups =
    lines && lines.to > lines.from ? changedLines(lines, put, remove) : allLines(base, put, remove);
  for (const lines of groups) {
    if (!first) yield SEPARATOR;
    first = false;
    yield lines;
  }
  if (!first) yield SEPARATOR.subarray(1);
  yield BEFORE_CHECKSUM;
}

type Put = CacheChange['put'];
type Remove = CacheChange['remove'];

/** Yields groups of lines in path order, with separators inside a group but not around it. */
function* allLines(base: CacheContents, put: Put, remove: Remove): Iterable<Uint8Array> {
  const paths = [...put.keys()];
  for (const [path] of base.entries()) if (!put.has(path) && !remove.has(path)) paths.push(path);
  const writer = new LineWriter();
  for (const path of sortTreePaths(paths)) {
    const full = addLine(writer, path, put, base);
    if (full) yield full;
  }
  const rest = writer.take();
  if (rest) yield rest;
}

/** Adds the line of a path that has an entry in `put` or `base`, and returns what the writer handed out. */
function addLine(writer: LineWriter, path: string, put: Put, base?: CacheContents): Uint8Array | undefined {
  const read = put.packed?.(path);
  const added = read ? writer.addPacked(path, read) : false;
  if (added !== false) return added;
  const entry = put.get(path) ?? base?.get(path);
  return entry && writer.add(path, entry);
}

/** Yields the same, with the stretches between changed paths as they stand in the text. */
function* changedLines(lines: StoredLines, put: Put, remove: Remove): Iterable<Uint8Array> {
  const { bytes, to } = lines;
  const writer = new LineWriter();
  let from = lines.from;
  for (const path of sortTreePaths([...put.keys(), ...remove])) {
    const key = treePathToBytes(path);
    const start = lowerBoundFrom(lines, key, from);
    if (start > from) {
      const written = writer.take();
      if (written) yield written;
      yield bytes.subarray(from, start === to ? start - 1 : start - SEPARATOR.length);
    }
    from = start;
    while (from < to && compareKey(bytes, from, key) === 0) from = nextLine(bytes, from);
    const full = addLine(writer, path, put);
    if (full) yield full;
  }
  const written = writer.take();
  if (written) yield written;
  if (from < to) yield bytes.subarray(from, to - 1);
}
