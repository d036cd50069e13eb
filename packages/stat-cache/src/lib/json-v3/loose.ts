import { isUtf8 } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { isTreePath } from '@muse/paths';
import { decodeEntry, skipMembers, skipSpace, skipString, skipValue, stringText } from '../lines/json.js';
import { itemAt } from '../lines/lines.js';
import { CACHE_VERSION, MAX_ENTRY_BYTES, type CacheContents, type DecodeResult } from '../types.js';

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
    const { row, isNew } = table.add(key, keyEnd);
    if (!isNew) {
      // Which of the two is true is anyone's guess, so neither is kept.
      if (table.valueOf(row) !== 0) size--;
      table.setValue(row, 0);
    } else if (
      valueEnd - key <= MAX_ENTRY_BYTES &&
      decodeEntry(bytes, value) &&
      isTreePath(stringText(bytes, key, keyEnd))
    ) {
      table.setValue(row, value);
      size++;
    }
  });
  return { contents: looseContents(bytes, table, size), dropped: count - size };
}

/** Returns contents that stay loose text. */
function looseContents(bytes: Buffer, table: MemberTable, size: number): CacheContents {
  return {
    size,
    has: (path) => table.find(path) !== 0,
    get: (path) => {
      const value = table.find(path);
      return value === 0 ? undefined : decodeEntry(bytes, value);
    },
    *entries() {
      for (const { key, value } of table.members()) {
        const entry = value === 0 ? undefined : decodeEntry(bytes, value);
        if (entry) yield [stringText(bytes, key, skipString(bytes, key)), entry];
      }
    },
  };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PRIME = 0x01000193;

/**
 * A hash table of the members of one object by their keys, as `JSON.stringify` spells these. It holds offsets alone, some
 * 20 bytes a member: a Map of strings takes 100, and compares those of one length where they have more than 16,383
 * characters.
 */
class MemberTable {
  /** Offsets of the keys' first quotes. */
  readonly #keys: Uint32Array;
  /** Offsets of the values; 0 for a member that is not to be found. */
  readonly #values: Uint32Array;
  readonly #bytes: Buffer;
  /** Rows counted from 1; 0 is free. */
  readonly #slots: Int32Array;
  /** FNV-1a begins with what nobody outside can know, so that no text can be laid out to collide. */
  readonly #seed = randomInt(2 ** 31) | 0;
  #size = 0;

  constructor(bytes: Buffer, capacity: number) {
    this.#bytes = bytes;
    this.#keys = new Uint32Array(capacity);
    this.#values = new Uint32Array(capacity);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(8, capacity * 2))));
  }

  /** Returns the offset of the value of a key; 0 where there is none. */
  find(key: string): number {
    const spelling = Buffer.from(JSON.stringify(key)).subarray(1, -1);
    const row = itemAt(this.#slots, this.#slotOf(spelling));
    return row === 0 ? 0 : itemAt(this.#values, row - 1);
  }

  /** Adds a key, and returns its row, and whether it is new. */
  add(key: number, keyEnd: number): { readonly row: number; readonly isNew: boolean } {
    const slot = this.#slotOf(spellingAt(this.#bytes, key, keyEnd));
    const known = itemAt(this.#slots, slot);
    if (known !== 0) return { row: known - 1, isNew: false };
    this.#keys[this.#size] = key;
    this.#slots[slot] = ++this.#size;
    return { row: this.#size - 1, isNew: true };
  }

  valueOf(row: number): number {
    return itemAt(this.#values, row);
  }

  setValue(row: number, value: number): void {
    this.#values[row] = value;
  }

  *members(): Iterable<{ readonly key: number; readonly value: number }> {
    for (let row = 0; row < this.#size; row++) {
      yield { key: itemAt(this.#keys, row), value: itemAt(this.#values, row) };
    }
  }

  /** Returns the slot of a key, or the free one where it belongs. */
  #slotOf(spelling: Uint8Array): number {
    let hash = this.#seed;
    for (const byte of spelling) hash = Math.imul(hash ^ byte, PRIME);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = itemAt(this.#slots, slot);
      if (row === 0 || this.#hasKey(itemAt(this.#keys, row - 1), spelling)) return slot;
    }
  }

  #hasKey(key: number, spelling: Uint8Array): boolean {
    const bytes = this.#bytes;
    const first = key + 1;
    let i = 0;
    while (i < spelling.length && bytes[first + i] === spelling[i]) i++;
    if (i === spelling.length) return bytes[first + i] === QUOTE;
    // What differs may be spelled another way, but only by an escape.
    if (!hasEscape(bytes, first, first + i + 1)) return false;
    return spellingAt(bytes, key, skipString(bytes, key)).equals(spelling);
  }
}

/** Returns a key, from its first quote to after its last, as `JSON.stringify` spells it, without quotes. */
function spellingAt(bytes: Buffer, key: number, keyEnd: number): Buffer {
  if (!hasEscape(bytes, key + 1, keyEnd - 1)) return bytes.subarray(key + 1, keyEnd - 1);
  return Buffer.from(JSON.stringify(stringText(bytes, key, keyEnd))).subarray(1, -1);
}

function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}
