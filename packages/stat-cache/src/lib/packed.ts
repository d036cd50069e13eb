/**
 * A packed stat, as the engines write it: 12 words of 32 bits, from an even word on, in this machine's byte order.
 *
 * ```
 * u64 dev · u64 ino · u64 size · i64 mtime s · i64 ctime s · u32 mtime ns · u32 ctime ns
 * ```
 *
 * Nanoseconds count up from the seconds, also before 1970.
 */
export const PACKED = { dev: 0, ino: 2, size: 4, mtime: 6, ctime: 8, mtimeNs: 10, ctimeNs: 11 } as const;
export const STAT_WORDS = 12;
export const DIGEST_WORDS = 8;

/** What was read of a file, as numbers in memory: the stat it had, and the SHA-256 of its bytes. */
export interface PackedRead {
  readonly words: Int32Array;
  /** The word at which the packed stat begins. */
  readonly stat: number;
  /** The first of the eight words of the digest. */
  readonly digest: number;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Which of the two words of a number of 64 bits is the lower one. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
/** Which of the two words of a number of 64 bits is the higher one. */
export const HIGH = LITTLE_ENDIAN ? 1 : 0;
