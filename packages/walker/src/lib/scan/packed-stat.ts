import type { WalkedStat } from '../types.js';

/**
 * A detail: what a reply says of one entry, as 48 bytes. Of a file it is a packed stat: u64 device, inode and size, i64
 * seconds of mtime and ctime, u32 nanoseconds of both. Nanoseconds since 1970 in 64 bits would end in the year 2262.
 */
export const DETAIL_WORDS = 12;
export const DETAIL_BYTES = DETAIL_WORDS * 4;

/** The words at which the fields of a packed stat begin, after its device. */
export const STAT_LAYOUT = { ino: 2, size: 4, mtime: 6, ctime: 8, mtimeNs: 10, ctimeNs: 11 } as const;

const SECOND = 1_000_000_000n;
const FIRST_DETAILS = 64;

/** The details of some entries, side by side. */
export class Details {
  #longs = new BigInt64Array((FIRST_DETAILS * DETAIL_WORDS) / 2);
  #words = new Int32Array(this.#longs.buffer);
  #count = 0;

  /** The details, as words. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Adds the packed stat of an entry. */
  add(stat: WalkedStat): void {
    const word = this.#next();
    if (stat instanceof StatView) stat.copyTo(this.#words, word);
    else writeStat(stat, this.#words, word, this.#longs);
  }

  /** Adds the packed stat that a record of the system's comes to. */
  addRecord(record: { copyTo(words: Int32Array, word: number): void }): void {
    const word = this.#next();
    record.copyTo(this.#words, word);
  }

  /** Adds an entry that could not be statted: why, and the type that its directory gave it. */
  addFailure(errno: number, type: number): void {
    const word = this.#next();
    this.#words.fill(0, word, word + DETAIL_WORDS);
    this.#words[word] = errno;
    this.#words[word + 1] = type;
  }

  /** Takes back all details but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** Returns the word where the next detail begins. */
  #next(): number {
    const word = this.#count++ * DETAIL_WORDS;
    if (word === this.#words.length) {
      const larger = new BigInt64Array(word);
      larger.set(this.#longs);
      this.#longs = larger;
      this.#words = new Int32Array(larger.buffer);
    }
    return word;
  }
}

/** Writes a packed stat from a word on; `longs` is the same memory in units of eight bytes. */
export function writeStat(
  stat: WalkedStat,
  words: Int32Array,
  word: number,
  longs = new BigInt64Array(words.buffer, words.byteOffset, words.length >> 1),
): void {
  longs[word >> 1] = stat.dev;
  longs[(word + STAT_LAYOUT.ino) >> 1] = stat.ino;
  longs[(word + STAT_LAYOUT.size) >> 1] = stat.size;
  writeTime(stat.mtimeNs, longs, words, word + STAT_LAYOUT.mtime, word + STAT_LAYOUT.mtimeNs);
  writeTime(stat.ctimeNs, longs, words, word + STAT_LAYOUT.ctime, word + STAT_LAYOUT.ctimeNs);
}

/** Writes a time as whole seconds and the nanoseconds counted up from them, also before 1970. */
function writeTime(ns: bigint, longs: BigInt64Array, words: Int32Array, seconds: number, rest: number): void {
  let whole = ns / SECOND;
  let nanoseconds = Number(ns - whole * SECOND);
  if (nanoseconds < 0) {
    whole--;
    nanoseconds += Number(SECOND);
  }
  longs[seconds >> 1] = whole;
  words[rest] = nanoseconds;
}

/** Memory that holds packed stats: in units of four bytes, and the same in units of eight. */
export interface StatMemory {
  readonly words: Int32Array;
  readonly longs: BigInt64Array;
}

/** Returns memory as it is read through a {@link StatView}. It must begin on a multiple of eight bytes. */
export function statMemory(words: Int32Array): StatMemory {
  return { words, longs: new BigInt64Array(words.buffer, words.byteOffset, words.length >> 1) };
}

/** A packed stat, read in place each time it is asked for. */
export class StatView implements WalkedStat {
  readonly #memory: StatMemory;
  readonly #word: number;

  /** The stat begins at a word. */
  constructor(memory: StatMemory, word: number) {
    this.#memory = memory;
    this.#word = word;
  }

  get dev(): bigint {
    return BigInt.asUintN(64, this.#long(0));
  }
  get ino(): bigint {
    return BigInt.asUintN(64, this.#long(STAT_LAYOUT.ino));
  }
  get size(): bigint {
    return this.#long(STAT_LAYOUT.size);
  }
  get mtimeNs(): bigint {
    return this.#time(STAT_LAYOUT.mtime, STAT_LAYOUT.mtimeNs);
  }
  get ctimeNs(): bigint {
    return this.#time(STAT_LAYOUT.ctime, STAT_LAYOUT.ctimeNs);
  }

  /** Copies the stat to where another one begins. */
  copyTo(words: Int32Array, word: number): void {
    for (let i = 0; i < DETAIL_WORDS; i++) words[word + i] = this.#at(i);
  }

  /** Returns the stat as a value of its own. */
  copy(): WalkedStat {
    const { dev, ino, size, mtimeNs, ctimeNs } = this;
    return { dev, ino, size, mtimeNs, ctimeNs };
  }

  #time(seconds: number, rest: number): bigint {
    return this.#long(seconds) * SECOND + BigInt(this.#at(rest));
  }

  #long(word: number): bigint {
    const value = this.#memory.longs[(this.#word + word) >> 1];
    if (value === undefined) throw new RangeError(`Broken packed stat: nothing at word ${this.#word + word}`);
    return value;
  }

  #at(word: number): number {
    const value = this.#memory.words[this.#word + word];
    if (value === undefined) throw new RangeError(`Broken packed stat: nothing at word ${this.#word + word}`);
    return value;
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Which of the two words of a number is the lower one, and which is the higher. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
export const HIGH = LITTLE_ENDIAN ? 1 : 0;
