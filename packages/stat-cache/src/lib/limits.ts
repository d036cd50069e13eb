/** The version that a cache file must have to be read: 3. */
export const CACHE_VERSION = 3;

/**
 * The size of the largest cache file that is read or written, in bytes: 384 MiB. A tree of one million files fits, at up
 * to 400 bytes a file; and the text still fits into one string of V8, which ends near 512 MiB.
 */
export const MAX_CACHE_BYTES = 384 * 1024 * 1024;
