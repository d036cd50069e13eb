import type { Identity } from './opened-directory.js';

/**
 * The `struct statx` of statx(2): the same on every architecture, but for the order of the bytes in a number. Offsets are
 * in words of 32 bits.
 */
const BYTES = 256;
const MASK = 0;
const MODE = 7;
const INO = 8;
const SIZE = 10;
const CTIME = 24;
const MTIME = 28;
const DEV_MAJOR = 34;
const DEV_MINOR = 35;

/** What to ask for: STATX_BASIC_STATS. */
export const BASIC_STATS = 0x7ff;
/** STATX_TYPE, STATX_MODE, STATX_MTIME, STATX_CTIME, STATX_INO and STATX_SIZE. */
const NEEDED = 0x3c3;
const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
const NS_A_SECOND = 1e9;

/** Where `statx` writes one stat, and what it wrote, for machines that write the low byte first. */
export class StatxRecord {
  /** To be handed to the system. */
  readonly bytes = new Uint8Array(BYTES);
  readonly #words = new Int32Array(this.bytes.buffer);
  readonly #unsigned = new Uint32Array(this.bytes.buffer);

  /** Whether the system filled in all that a packed stat has, with times that {@link StatxRecord.copyTo} keeps exactly. */
  get isWhole(): boolean {
    const words = this.#words;
    if (((words[MASK] ?? 0) & NEEDED) !== NEEDED) return false;
    return isNear(words[MTIME + 1] ?? 0) && isNear(words[CTIME + 1] ?? 0);
  }

  /** The file type and permissions. */
  get mode(): number {
    return (this.#words[MODE] ?? 0) & 0xffff;
  }

  /** Returns whether the stat is one of the inode with this identity. */
  isOf({ dev, ino }: Identity): boolean {
    const fields = new BigInt64Array(5);
    this.copyTo(new Int32Array(fields.buffer), 0);
    return fields[0] === BigInt.asIntN(64, dev) && fields[1] === BigInt.asIntN(64, ino);
  }

  /**
   * Writes the fields of a packed stat, two words each, from the word at `at`. In words, since a bigint for each field of
   * each file is a third of what listing takes.
   */
  copyTo(to: Int32Array, at: number): void {
    const words = this.#words;
    this.#copyDevice(to, at);
    to[at + 2] = words[INO] ?? 0;
    to[at + 3] = words[INO + 1] ?? 0;
    to[at + 4] = words[SIZE] ?? 0;
    to[at + 5] = words[SIZE + 1] ?? 0;
    this.#copyTime(MTIME, to, at + 6);
    this.#copyTime(CTIME, to, at + 8);
  }

  /** As gnu_dev_makedev(3) puts a major and a minor number together: what Node gives as `dev`. */
  #copyDevice(to: Int32Array, at: number): void {
    const major = this.#words[DEV_MAJOR] ?? 0;
    const minor = this.#words[DEV_MINOR] ?? 0;
    to[at] = ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12);
    to[at + 1] = (major & 0xfffff000) | (minor >>> 20);
  }

  /** Seconds times 10^9 plus nanoseconds, in halves small enough to be exact as doubles. */
  #copyTime(from: number, to: Int32Array, at: number): void {
    const seconds = (this.#words[from + 1] ?? 0) * TWO_32 + (this.#unsigned[from] ?? 0);
    const above = Math.floor(seconds / TWO_16);
    const high = above * NS_A_SECOND;
    const low = (seconds - above * TWO_16) * NS_A_SECOND + (this.#unsigned[from + 2] ?? 0);
    const highAbove = Math.floor(high / TWO_16);
    const lowAbove = Math.floor(low / TWO_32);
    const sum = (high - highAbove * TWO_16) * TWO_16 + (low - lowAbove * TWO_32);
    const carry = sum >= TWO_32 ? 1 : 0;
    to[at] = sum - carry * TWO_32;
    to[at + 1] = highAbove + lowAbove + carry;
  }
}

/** Within some 17,000 years of 1970, by the upper word of the seconds. */
function isNear(upper: number): boolean {
  return upper >= -128 && upper < 128;
}
