import {
  blobId,
  type CacheContents,
  type FileCacheEntry,
  type FileStat,
  type ObjectId,
} from '@muse/stat-cache';

/** A stamp long before any boundary that a test can take: 2023-11-14, in nanoseconds. */
export const LONG_AGO = 1_700_000_000_123_456_789n;

export function idOf(text: string): ObjectId {
  return blobId(Buffer.from(text));
}

/** The stat of a file that nobody touched for long. */
export function fileStat(given: Partial<FileStat> = {}): FileStat {
  return { dev: 1n, ino: 131n, size: 5n, mtimeNs: LONG_AGO, ctimeNs: LONG_AGO, ...given };
}

export function cacheEntry(given: Partial<FileCacheEntry> = {}): FileCacheEntry & { ctimeNs: bigint } {
  const { size, mtimeNs, ctimeNs, ino } = fileStat();
  const dimensions = new Map<string, string>();
  return {
    size,
    mtimeNs,
    ino,
    objectId: idOf('hello'),
    dimensions,
    ...given,
    ctimeNs: given.ctimeNs ?? ctimeNs,
  };
}

export const NOTHING: CacheContents = { size: 0, has: () => false, get: () => undefined, entries: () => [] };

/** The entries in an order of its own, for comparison. */
export function asMap(contents: Pick<CacheContents, 'entries'>): Map<string, FileCacheEntry> {
  return new Map([...contents.entries()].sort(([a], [b]) => (a < b ? -1 : 1)));
}
