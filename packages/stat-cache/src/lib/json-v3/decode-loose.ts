import { isUtf8 } from 'node:buffer';
import { isTreePath } from '@muse/paths';
import { CACHE_VERSION, MAX_ENTRY_BYTES } from '../limits.js';
import type { CacheContents, DecodeResult, FileCacheEntry } from '../types.js';
import { decodeEntry } from './decode-entry.js';
import { skipMembers, skipSpace, skipString, skipValue, stringText } from './json-bytes.js';
import { MemberTable } from './member-table.js';

const OPEN_OBJECT = 0x7b;
/** More bytes than any key of ours has at the top, however it is written. */
const MAX_KEY_BYTES = 64;

/**
 * Decodes text that is not canonical, as an editor or another program writes it: any white space, order, extra keys. The
 * text stays as it is, and an entry is decoded each time it is asked for: what is in memory beside the text is three
 * times as much at most, whatever the text holds.
 */
export function decodeLoose(bytes: Buffer): DecodeResult {
  if (!isUtf8(bytes)) return { discarded: 'not-json', detail: 'it is not UTF-8' };
  const start = skipSpace(bytes, 0);
  const end = skipValue(bytes, start);
  if (end < 0 || skipSpace(bytes, end) !== bytes.length) {
    return { discarded: 'not-json', detail: 'it is no JSON, or nested deeper than 64 levels' };
  }
  if (bytes[start] !== OPEN_OBJECT) return { discarded: 'shape', detail: 'it is no JSON object' };
  const counts = { version: 0, checksum: 0, entries: 0 };
  let version = '';
  let entries = 0;
  skipMembers(bytes, start + 1, 0, (key, keyEnd, value, valueEnd) => {
    const name = keyEnd - key > MAX_KEY_BYTES ? '' : stringText(bytes, key, keyEnd);
    if (name === 'version' || name === 'checksum' || name === 'entries') counts[name]++;
    if (name === 'version') version = bytes.toString('latin1', value, Math.min(valueEnd, value + 2));
    if (name === 'entries') entries = value;
  });
  if (counts.version !== 1) return { discarded: 'shape', detail: 'it has no single "version"' };
  if (version !== String(CACHE_VERSION)) {
    return { discarded: 'version', detail: `its version is not ${CACHE_VERSION}` };
  }
  if (counts.checksum > 0) {
    return { discarded: 'checksum', detail: 'it has a checksum, but is not the text that was checksummed' };
  }
  if (counts.entries !== 1 || bytes[entries] !== OPEN_OBJECT) {
    return { discarded: 'shape', detail: 'it has no single object "entries"' };
  }
  return decodeEntries(bytes, entries + 1);
}

function decodeEntries(bytes: Buffer, start: number): DecodeResult {
  let count = 0;
  skipMembers(bytes, start, 0, () => count++);
  const table = new MemberTable(bytes, count);
  let size = 0;
  skipMembers(bytes, start, 0, (key, keyEnd, value, valueEnd) => {
    const before = table.size;
    const row = table.add(key, keyEnd);
    if (row < before) {
      // Which of the two is true is anyone's guess, so neither is kept.
      if (table.values[row] !== 0) size--;
      table.values[row] = 0;
    } else if (
      valueEnd - key <= MAX_ENTRY_BYTES &&
      decodeEntry(bytes, value) &&
      isTreePath(stringText(bytes, key, keyEnd))
    ) {
      table.values[row] = value;
      size++;
    }
  });
  return { contents: new LooseContents(bytes, table, size), dropped: count - size };
}

/** Contents that stay loose text. */
class LooseContents implements CacheContents {
  readonly size: number;
  readonly #bytes: Buffer;
  readonly #table: MemberTable;

  constructor(bytes: Buffer, table: MemberTable, size: number) {
    this.size = size;
    this.#bytes = bytes;
    this.#table = table;
  }

  has(path: string): boolean {
    return this.#valueOf(path) !== 0;
  }

  get(path: string): FileCacheEntry | undefined {
    const value = this.#valueOf(path);
    return value === 0 ? undefined : decodeEntry(this.#bytes, value);
  }

  *entries(): Iterable<readonly [string, FileCacheEntry]> {
    for (const [path, value] of this.#members()) {
      const entry = decodeEntry(this.#bytes, value);
      if (entry) yield [path, entry];
    }
  }

  *paths(): Iterable<string> {
    for (const [path] of this.#members()) yield path;
  }

  *#members(): Iterable<readonly [path: string, value: number]> {
    const { keys, values, size } = this.#table;
    for (let row = 0; row < size; row++) {
      const [key, value] = [keys[row] ?? 0, values[row] ?? 0];
      if (value !== 0) yield [stringText(this.#bytes, key, skipString(this.#bytes, key)), value];
    }
  }

  #valueOf(path: string): number {
    const row = this.#table.find(path);
    return row < 0 ? 0 : (this.#table.values[row] ?? 0);
  }
}
