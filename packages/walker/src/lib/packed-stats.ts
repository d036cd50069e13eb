import type { StatxRecord } from './statx-record.js';
import type { WalkedStat } from './types.js';

/**
 * Numbers of 64 bits that one stat takes in a packed array: device, inode, size, the seconds of mtime and ctime, and one
 * with the nanoseconds of both, mtime's in the first 32 bits of its memory. Nanoseconds since 1970 would end in 2262.
 */
export const STAT_FIELDS = 6;
const SECOND = 1_000_000_000n;

/** Stats side by side, eight bytes a field: 48 bytes a file, and handed from thread to thread without a copy. */
export class PackedStats {
  #fields = new BigInt64Array(STAT_FIELDS * 256);
  #words = new Int32Array(this.#fields.buffer);
  #count = 0;

  /** Adds a stat at the end; a packed one without a bigint for each field. */
  add(stat: WalkedStat): void {
    const at = this.#next();
    const fields = this.#fields;
    if (stat instanceof StatView) {
      stat.copyTo(fields, at);
      return;
    }
    fields[at] = stat.dev;
    fields[at + 1] = stat.ino;
    fields[at + 2] = stat.size;
    this.#addTime(stat.mtimeNs, at + 3, at * 2 + 10);
    this.#addTime(stat.ctimeNs, at + 4, at * 2 + 11);
  }

  /** Adds what the system wrote into a record. */
  addRecord(record: StatxRecord): void {
    const at = this.#next();
    record.copyTo(this.#words, at * 2);
  }

  #addTime(ns: bigint, field: number, word: number): void {
    let seconds = ns / SECOND;
    let rest = Number(ns - seconds * SECOND);
    if (rest < 0) {
      seconds--;
      rest += Number(SECOND);
    }
    this.#fields[field] = seconds;
    this.#words[word] = rest;
  }

  /** Returns where the next stat begins. */
  #next(): number {
    const at = this.#count++ * STAT_FIELDS;
    if (at === this.#fields.length) {
      const larger = new BigInt64Array(at * 2);
      larger.set(this.#fields);
      this.#fields = larger;
      this.#words = new Int32Array(larger.buffer);
    }
    return at;
  }

  /** Stats added and not taken back. */
  get count(): number {
    return this.#count;
  }

  /** Takes back all stats but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** Reorders the last stats: the first of them becomes the one that was in place `order[0]` among them, and so on. */
  permuteLast(order: readonly number[]): void {
    const start = (this.#count - order.length) * STAT_FIELDS;
    const old = this.#fields.slice(start, this.#count * STAT_FIELDS);
    for (const [to, from] of order.entries()) {
      this.#fields.set(old.subarray(from * STAT_FIELDS, (from + 1) * STAT_FIELDS), start + to * STAT_FIELDS);
    }
  }

  /** Returns the fields of all stats added, to be read through a {@link StatView}. */
  take(): BigInt64Array {
    return this.#fields.slice(0, this.#count * STAT_FIELDS);
  }
}

/** One packed stat, read in place; `at` moves it to another one. */
export class StatView implements WalkedStat {
  readonly #signed: BigInt64Array;
  readonly #words: Int32Array;
  #at: number;

  constructor(fields: BigInt64Array, index = 0) {
    this.#signed = fields;
    this.#words = new Int32Array(fields.buffer, fields.byteOffset, fields.length * 2);
    this.#at = index * STAT_FIELDS;
  }

  /** Moves to the stat with this index and returns itself. */
  at(index: number): this {
    this.#at = index * STAT_FIELDS;
    return this;
  }

  get dev(): bigint {
    return BigInt.asUintN(64, this.#signed[this.#at] ?? 0n);
  }
  get ino(): bigint {
    return BigInt.asUintN(64, this.#signed[this.#at + 1] ?? 0n);
  }
  get size(): bigint {
    return this.#signed[this.#at + 2] ?? 0n;
  }
  get mtimeNs(): bigint {
    return this.#time(3, 10);
  }
  get ctimeNs(): bigint {
    return this.#time(4, 11);
  }

  #time(field: number, word: number): bigint {
    const seconds = this.#signed[this.#at + field] ?? 0n;
    return seconds * SECOND + BigInt(this.#words[this.#at * 2 + word] ?? 0);
  }

  /** Copies the fields to where another stat begins. */
  copyTo(fields: BigInt64Array, at: number): void {
    fields.set(this.#signed.subarray(this.#at, this.#at + STAT_FIELDS), at);
  }

  /** Returns the stat as a value that does not move. */
  copy(): WalkedStat {
    const { dev, ino, size, mtimeNs, ctimeNs } = this;
    return { dev, ino, size, mtimeNs, ctimeNs };
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const LOW = LITTLE_ENDIAN ? 0 : 1;
const HIGH = LITTLE_ENDIAN ? 1 : 0;
const TWO_32 = 2 ** 32;

/** The sizes of packed stats, in bytes, without a bigint for each. */
export class SizeView {
  readonly #words: Uint32Array;

  constructor(fields: BigInt64Array) {
    this.#words = new Uint32Array(fields.buffer, fields.byteOffset, fields.length * 2);
  }

  /** Returns the size of the stat with this index. */
  at(index: number): number {
    const word = (index * STAT_FIELDS + 2) * 2;
    return (this.#words[word + HIGH] ?? 0) * TWO_32 + (this.#words[word + LOW] ?? 0);
  }
}
