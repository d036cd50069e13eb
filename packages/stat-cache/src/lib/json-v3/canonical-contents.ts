import type { CacheContents, FileCacheEntry } from '../types.js';
import { decodeEntry } from './decode-entry.js';
import { JsonObject, parseJsonText } from './json-text.js';
import type { LineIndex } from './line-index.js';
import { parseCount, parseTime } from './number-text.js';

/** Contents that stay canonical text; an entry is decoded each time it is asked for. */
export class CanonicalContents implements CacheContents {
  /** The lines, in path order. */
  readonly lines: LineIndex;

  constructor(lines: LineIndex) {
    this.lines = lines;
  }

  get size(): number {
    return this.lines.size;
  }

  has(path: string): boolean {
    return this.lines.find(path) >= 0;
  }

  get(path: string): FileCacheEntry | undefined {
    const line = this.lines.find(path);
    return line < 0 ? undefined : entryAt(this.lines, line);
  }

  *entries(): Iterable<readonly [string, FileCacheEntry]> {
    for (let line = 0; line < this.lines.size; line++) {
      yield [pathAt(this.lines, line), entryAt(this.lines, line)];
    }
  }

  *paths(): Iterable<string> {
    for (let line = 0; line < this.lines.size; line++) yield pathAt(this.lines, line);
  }
}

/** Returns the tree path of a line. */
export function pathAt({ bytes, starts }: LineIndex, line: number): string {
  const start = starts[line] ?? 0;
  return JSON.parse(bytes.toString('utf8', start, keyEnd(bytes, start) + 1)) as string;
}

/** Returns the offset of the quote that ends the key of the line that begins at `start`. */
export function keyEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
  return at;
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();
const AFTER_KEY = '":{"mtime":'.length;
const EMPTY_TAIL = '","dimensions":{}}';
const ID_LENGTH = 71;

function entryAt({ bytes, starts, ends }: LineIndex, line: number): FileCacheEntry {
  const end = ends[line] ?? 0;
  const numbers = keyEnd(bytes, starts[line] ?? 0) + AFTER_KEY;
  const text = bytes.toString('latin1', numbers, end);
  if (!text.endsWith(EMPTY_TAIL)) return decodeWhole(bytes.toString('utf8', starts[line], end));
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

function decodeWhole(text: string): FileCacheEntry {
  const object = parseJsonText(`{${text}}`);
  const entry = object instanceof JsonObject ? decodeEntry(object.members[0]?.[1] ?? null) : undefined;
  if (!entry) throw new Error('Cannot decode a line of the stat cache that was read before: it is damaged');
  return entry;
}
