import { itemOf } from '../problems.js';
import type { WalkedStat } from '../types.js';

/**
 * A detail: what a reply says of one entry, as 48 bytes. Of a file it is a packed stat: u64 device, inode and size, i64
 * seconds of mtime and ctime, u32 nanoseconds of both. Nanoseconds since 1970 in 64 bits would end in the year 2262.
 */
export const DETAIL_WORDS = 12;
export const DETAIL_BYTES = DETAIL_WORDS * 4;

/** The words at which the fields of a packed stat begin, after its device. */
export const STAT_LAYOUT = { ino: 2, size: 4, mtime: 6, ctime: 8, mtimeNs: 10, ctimeNs: 11 } as const;

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Which of the two words of a number is the lower one, and which is the higher. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
export const HIGH = LITTLE_ENDIAN ? 1 : 0;

const SECOND = 1_000_000_000n;
const FIRST_DETAILS = 64;

/** Memory that holds packed stats, each from some word on. */
export class PackedStats {
  readonly words: Int32Array;
  /** The same memory in units of eight bytes. */
  readonly #longs: BigInt64Array;

  /** The memory must begin on a multiple of eight bytes. */
  constructor(words: Int32Array) {
    this.words = words;
    this.#longs = new BigInt64Array(words.buffer, words.byteOffset, words.length >> 1);
  }

  /** Returns the stat from a word on, read in place. */
  at(word: number): StatView {
    return new StatView(this, word);
  }

  write(stat: WalkedStat, word: number): void {
    const longs = this.#longs;
    longs[word >> 1] = stat.dev;
    longs[(word + STAT_LAYOUT.ino) >> 1] = stat.ino;
    longs[(word + STAT_LAYOUT.size) >> 1] = stat.size;
    this.#writeTime(stat.mtimeNs, word + STAT_LAYOUT.mtime, word + STAT_LAYOUT.mtimeNs);
    this.#writeTime(stat.ctimeNs, word + STAT_LAYOUT.ctime, word + STAT_LAYOUT.ctimeNs);
  }

  long(word: number): bigint {
    return itemOf(this.#longs, word >> 1);
  }

  /** Writes a time as whole seconds and the nanoseconds counted up from them, also before 1970. */
  #writeTime(ns: bigint, seconds: number, rest: number): void {
    let whole = ns / SECOND;
    let nanoseconds = Number(ns - whole * SECOND);
    if (nanoseconds < 0) {
      whole--;
      nanoseconds += Number(SECOND);
    }
    this.#longs[seconds >> 1] = whole;
    this.words[rest] = nanoseconds;
  }
}

/** A packed stat, read in place each time it is asked for. */
export class StatView implements WalkedStat {
  readonly #stats: PackedStats;
  readonly #word: number;

  constructor(stats: PackedStats, word: number) {
    this.#stats = stats;
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

  /** Returns the stat as a value of its own. */
  copy(): WalkedStat {
    const { dev, ino, size, mtimeNs, ctimeNs } = this;
    return { dev, ino, size, mtimeNs, ctimeNs };
  }

  #time(seconds: number, rest: number): bigint {
    return this.#long(seconds) * SECOND + BigInt(itemOf(this.#stats.words, this.#word + rest));
  }

  #long(word: number): bigint {
    return this.#stats.long(this.#word + word);
  }
}

/** The details of some entries, side by side. */
export class Details {
  #stats = new PackedStats(new Int32Array(FIRST_DETAILS * DETAIL_WORDS));
  #count = 0;

  get words(): Int32Array {
    return this.#stats.words;
  }

  /** Adds the packed stat of an entry. */
  add(stat: WalkedStat): void {
    const word = this.#next();
    this.#stats.write(stat, word);
  }

  /** Adds the packed stat that a record of the system's comes to. */
  addRecord(record: { copyTo(words: Int32Array, word: number): void }): void {
    const word = this.#next();
    record.copyTo(this.words, word);
  }

  /** Adds an entry that could not be statted: why, and the type that its directory gave it. */
  addFailure(errno: number, type: number): void {
    const word = this.#next();
    this.words.fill(0, word, word + DETAIL_WORDS);
    this.words[word] = errno;
    this.words[word + 1] = type;
  }

  /** Takes back all details but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** Returns the word where the next detail begins. */
  #next(): number {
    const word = this.#count++ * DETAIL_WORDS;
    if (word === this.words.length) {
      const larger = new Int32Array(word * 2);
      larger.set(this.words);
      this.#stats = new PackedStats(larger);
    }
    return word;
  }
}
