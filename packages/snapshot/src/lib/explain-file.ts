import { blobId, StatCache, type FileCacheEntry, type FileStat } from '@muse/stat-cache';
import type { FieldMiss, FileExplanation } from './explain-types.js';
import { statField } from './verify-compare.js';

/** Tells what a cache makes of a regular file. `savedNs` is when the cache was saved, if that is known. */
export function explainFile(
  path: string,
  stat: FileStat,
  cache: StatCache | undefined,
  savedNs: bigint | undefined,
): FileExplanation {
  const objectId = cache?.lookup(path, stat);
  if (objectId !== undefined) return { outcome: 'hit', objectId };
  const reason = cache?.missReason(path, stat);
  if (reason === 'racy') return { outcome: 'miss', reason };
  if (reason === 'cache-reset' && cache?.discarded !== undefined) {
    return { outcome: 'miss', reason, discarded: cache.discarded };
  }
  const field = statField(reason);
  const entry = cache && field && entryOf(cache, path);
  if (field && entry) return { outcome: 'miss', reason: field, ...values(field, entry, stat) };
  return { outcome: 'miss', reason: 'new', probablyRacy: wasRacy(path, stat, savedNs) };
}

/** A cache gives its entries only all together; one of 75,000 takes some 0.1 s to be found. */
function entryOf(cache: StatCache, path: string): FileCacheEntry | undefined {
  for (const [known, entry] of cache.entries()) if (known === path) return entry;
  return undefined;
}

function values(
  field: FieldMiss['reason'],
  entry: FileCacheEntry,
  stat: FileStat,
): Pick<FieldMiss, 'before' | 'after'> {
  switch (field) {
    case 'size':
      return { before: entry.size, after: stat.size };
    case 'mtime':
      return { before: entry.mtimeNs, after: stat.mtimeNs };
    case 'ctime':
      return { before: entry.ctimeNs, after: stat.ctimeNs };
    case 'inode':
      return { before: entry.ino, after: BigInt.asUintN(64, stat.ino) };
  }
}

/** Asks the rule of trust itself: would a file with this stat have been racy at the moment of the save? */
function wasRacy(path: string, stat: FileStat, savedNs: bigint | undefined): boolean {
  if (savedNs === undefined || stat.ctimeNs > savedNs) return false;
  const then = StatCache.empty();
  then.record(path, stat, blobId(new Uint8Array()), savedNs);
  return then.missReason(path, stat) === 'racy';
}
