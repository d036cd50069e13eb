/** The most dimensions of one entry. */
export const MAX_DIMENSIONS = 1000;
/** The most UTF-16 units of a dimension's name. */
export const MAX_DIMENSION_NAME = 1000;

/** The most UTF-16 units that all dimensions of one entry may have, names and values. */
export const MAX_DIMENSION_UNITS = 2 * 1024 * 1024;
/** The most bytes of one entry's text: 16 MiB. Some ten times as much is in memory while it is judged. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

/** The version that a cache file must have to be read: 3. */
export const CACHE_VERSION = 3;

/**
 * The size of the largest cache file that is read or written, in bytes: 384 MiB. A tree of one million files fits, at up
 * to 400 bytes a file; and the text still fits into one string of V8, which ends near 512 MiB.
 */
export const MAX_CACHE_BYTES = 384 * 1024 * 1024;
