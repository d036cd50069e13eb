import type { Identity } from '@muse/paths';
import { DETAIL_WORDS } from './details.js';

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
/** Upper words from here on make seconds that Node rounds to a double: 285 million years from 1970. */
const TWO_21 = 2 ** 21;

/** Where `statx` writes one stat, and what it wrote, for machines that write the low byte first. */
export class StatxRecord {
  /** To be handed to the system. */
  readonly bytes = new Uint8Array(BYTES);
  readonly #words = new Int32Array(this.bytes.buffer);

  /** Whether the system filled in all that a packed stat has, with times that Node's own stats give as well. */
  get isWhole(): boolean {
    const words = this.#words;
    if (((words[MASK] ?? 0) & NEEDED) !== NEEDED) return false;
    return isExactInNode(words[MTIME + 1] ?? 0) && isExactInNode(words[CTIME + 1] ?? 0);
  }

  /** The file type and permissions. */
  get mode(): number {
    return (this.#words[MODE] ?? 0) & 0xffff;
  }

  /** Returns whether the stat is one of the inode with this identity. */
  isOf({ dev, ino }: Identity): boolean {
    const fields = new BigInt64Array(DETAIL_WORDS / 2);
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
    to[at + 6] = words[MTIME] ?? 0;
    to[at + 7] = words[MTIME + 1] ?? 0;
    to[at + 8] = words[CTIME] ?? 0;
    to[at + 9] = words[CTIME + 1] ?? 0;
    to[at + 10] = words[MTIME + 2] ?? 0;
    to[at + 11] = words[CTIME + 2] ?? 0;
  }

  /** As gnu_dev_makedev(3) puts a major and a minor number together: what Node gives as `dev`. */
  #copyDevice(to: Int32Array, at: number): void {
    const major = this.#words[DEV_MAJOR] ?? 0;
    const minor = this.#words[DEV_MINOR] ?? 0;
    to[at] = ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12);
    to[at + 1] = (major & 0xfffff000) | (minor >>> 20);
  }
}

/** Judges seconds by their upper word. A file is hashed with a stat of Node's, which must equal the one it is listed with. */
function isExactInNode(upper: number): boolean {
  return upper >= -TWO_21 && upper < TWO_21;
}
