import { isTreePath, treePathToBytes } from '@muse/paths';
import type { CacheContents, FileCacheEntry, SortedLines } from '../types.js';
import { decodeEntry } from './decode-entry.js';
import { indexLines } from './index-lines.js';
import { judgeLine } from './judge-line.js';
import { LineIndex } from './line-index.js';
import { parseCount, parseTime } from './number-text.js';
import { compareKey, keyEnd, keyText, lowerBound, lowerBoundFrom, nextLine } from './sorted-lines.js';

/** Lookups that are answered by searching all the text, 2 µs each, before an index of it pays: 60 ms for 78,579 lines. */
const SEARCHES = 20_000;

/** Contents that stay canonical text; an entry is decoded each time it is asked for. */
export class CanonicalContents implements CacheContents {
  readonly sorted: SortedLines;
  #index: LineIndex | undefined;
  /** Searches that are left; each may go over the longest line, and all together over the text a few times. */
  #searches: number;
  /** Where the last search ended: whoever asks in path order finds the next line a few lines on. */
  #last: number;

  /** `longest` is the length of the longest line. Without an index the lines are checked as they are asked for. */
  constructor(sorted: SortedLines, longest: number, index?: LineIndex) {
    this.sorted = sorted;
    this.#index = index;
    this.#searches = Math.min(SEARCHES, (sorted.to - sorted.from) / longest);
    this.#last = sorted.from;
  }

  get size(): number {
    return this.#lines.size;
  }

  has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  get(path: string): FileCacheEntry | undefined {
    if (this.#index === undefined && this.#searches > 0) return this.#search(path);
    const lines = this.#lines;
    const line = lines.find(path);
    return line < 0 ? undefined : entryFrom(lines.bytes, lines.starts[line] ?? 0, lines.ends[line] ?? 0);
  }

  *entries(): Iterable<readonly [string, FileCacheEntry]> {
    const { bytes, starts, ends, size } = this.#lines;
    for (let line = 0; line < size; line++) {
      const start = starts[line] ?? 0;
      yield [keyText(bytes, start), entryFrom(bytes, start, ends[line] ?? 0)];
    }
  }

  *paths(): Iterable<string> {
    const { bytes, starts, size } = this.#lines;
    for (let line = 0; line < size; line++) yield keyText(bytes, starts[line] ?? 0);
  }

  /** Whether each line of the text is an entry: none is damaged, as far as is known. */
  get whole(): boolean {
    return this.#index === undefined || this.#index.size === this.sorted.count;
  }

  get #lines(): LineIndex {
    if (this.#index === undefined) {
      const indexed = indexLines(this.sorted);
      // Text that turns out not to be canonical holds nothing.
      this.#index = 'index' in indexed ? indexed.index : new LineIndex(Buffer.alloc(0), 0);
    }
    return this.#index;
  }

  #search(path: string): FileCacheEntry | undefined {
    if (!isTreePath(path)) return undefined;
    const { sorted } = this;
    const bytes = asBuffer(sorted.bytes);
    const key = treePathToBytes(path);
    const start = this.#lowerBound(key);
    if (start >= sorted.to || compareKey(bytes, start, key) !== 0) return undefined;
    const next = nextLine(bytes, start);
    // A repeated key is no entry at all.
    if (next < sorted.to && compareKey(bytes, next, key) === 0) return undefined;
    const end = bytes[next - 2] === 0x2c ? next - 2 : next - 1;
    const verdict = judgeLine(bytes, start, end);
    return verdict === 'plain' || verdict === 'good' ? entryFrom(bytes, start, end) : undefined;
  }

  #lowerBound(key: Buffer): number {
    const { sorted } = this;
    const isAhead = this.#last < sorted.to && compareKey(sorted.bytes, this.#last, key) <= 0;
    if (!isAhead) this.#searches--;
    this.#last = isAhead ? lowerBoundFrom(sorted, key, this.#last) : lowerBound(sorted, key);
    return this.#last;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();
const AFTER_KEY = '":'.length;
const BEFORE_MTIME = '{"mtime":'.length;
const EMPTY_TAIL = Buffer.from('","dimensions":{}}');
const ID_LENGTH = 71;

/** Decodes the line from `start` to `end`, which is known to be good. */
function entryFrom(bytes: Buffer, start: number, end: number): FileCacheEntry {
  const value = keyEnd(bytes, start) + AFTER_KEY;
  if (!EMPTY_TAIL.equals(bytes.subarray(end - EMPTY_TAIL.length, end))) return decodeWhole(bytes, value);
  const text = bytes.toString('latin1', value + BEFORE_MTIME, end);
  const ctime = text.indexOf(',"ctime":');
  const size = text.indexOf(',"size":', ctime);
  const ino = text.indexOf(',"ino":', size);
  const hash = text.indexOf(',"object_hash":"', ino);
  const id = text.length - EMPTY_TAIL.length - ID_LENGTH;
  return {
    size: parseCount(text.slice(size + 8, ino)) ?? 0n,
    mtimeNs: parseTime(text.slice(0, ctime)) ?? 0n,
    ctimeNs: parseTime(text.slice(ctime + 9, size)),
    ino: parseCount(text.slice(ino + 7, hash)) ?? 0n,
    objectId: text.slice(id, id + ID_LENGTH) as FileCacheEntry['objectId'],
    dimensions: NO_DIMENSIONS,
  };
}

function decodeWhole(bytes: Buffer, start: number): FileCacheEntry {
  const entry = decodeEntry(bytes, start);
  if (!entry) throw new Error('Cannot decode a line of the stat cache that was read before: it is damaged');
  return entry;
}
