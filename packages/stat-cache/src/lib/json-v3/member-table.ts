import { stringText, skipString } from './json-bytes.js';
import { hashBytes } from './line-index.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * A hash table of the members of one object by their keys, as `JSON.stringify` spells these. It holds offsets alone, some
 * 20 bytes a member: a Map of strings takes 100, and compares those of one length where they have more than 16,383
 * characters.
 */
export class MemberTable {
  /** Offsets of the keys' first quotes. */
  readonly keys: Uint32Array;
  /** Offsets of the values, or what else the caller keeps with each. */
  readonly values: Uint32Array;
  readonly #bytes: Buffer;
  readonly #slots: Int32Array;
  readonly #mask: number;
  #size = 0;

  constructor(bytes: Buffer, capacity: number) {
    this.#bytes = bytes;
    this.keys = new Uint32Array(capacity);
    this.values = new Uint32Array(capacity);
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, capacity * 2)));
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
  }

  /** The number of members. */
  get size(): number {
    return this.#size;
  }

  /** Returns the row of a key, or -1. */
  find(key: string): number {
    const spelling = Buffer.from(JSON.stringify(key)).subarray(1, -1);
    return (this.#slots[this.#slotOf(spelling)] ?? 0) - 1;
  }

  /** Returns the row of a key in the text, a new one where there is none yet. */
  add(key: number, keyEnd: number): number {
    const slot = this.#slotOf(spellingAt(this.#bytes, key, keyEnd));
    const known = this.#slots[slot] ?? 0;
    if (known !== 0) return known - 1;
    this.keys[this.#size] = key;
    this.#slots[slot] = this.#size + 1;
    return this.#size++;
  }

  /** Returns the slot of a key, or the free one where it belongs. */
  #slotOf(spelling: Uint8Array): number {
    let slot = hashBytes(spelling, 0, spelling.length) & this.#mask;
    for (;;) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0 || this.#hasKey(this.keys[row - 1] ?? 0, spelling)) return slot;
      slot = (slot + 1) & this.#mask;
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
