import type { FileCacheEntry, FileStat, MissReason, ObjectId, StatCache } from '@muse/stat-cache';
import type { Breather } from './breather.js';
import type { Manifest } from './types.js';
import type { EditedFile, MismatchedFile, StatField, TouchedFile } from './verify-types.js';

/** What was read of a tree: the object ids, and the stats that the files had then. */
export interface ReadTree {
  readonly manifest: Manifest;
  /** Knows nothing but what was read; without files whose size is not the number of their bytes. */
  readonly read: StatCache;
}

/** What a cache says of the files that were read. */
export class Comparison {
  readonly edited: EditedFile[] = [];
  readonly touched: TouchedFile[] = [];
  readonly mismatch: MismatchedFile[] = [];
  /** Files that are as the cache has them. */
  unchanged = 0;

  /** The files of which the cache claimed something. */
  get known(): number {
    return this.unchanged + this.edited.length + this.touched.length + this.mismatch.length;
  }

  /** Takes a file whose stat differs from its entry. */
  addChanged(path: string, field: StatField, before: ObjectId, after: ObjectId): void {
    if (before === after) this.touched.push({ path, field, objectId: after });
    else this.edited.push({ path, field, before, after });
  }
}

/**
 * Compares what was read with a cache, and returns the object id that the cache has for each file whose bytes differ
 * though its stat, as far as is known, does not. Those are not in the comparison yet.
 */
export async function compareWithCache(
  cache: StatCache,
  { manifest, read }: ReadTree,
  comparison: Comparison,
  breather: Breather,
): Promise<Map<string, ObjectId>> {
  const suspects = new Map<string, ObjectId>();
  for (const [path, entry] of cache.entries()) {
    const turn = breather.step();
    if (turn) await turn;
    const objectId = manifest.get(path);
    if (objectId === undefined) continue;
    const field = statField(read.missReason(path, statOf(entry)));
    if (field !== undefined) comparison.addChanged(path, field, entry.objectId, objectId);
    else if (entry.objectId === objectId) comparison.unchanged++;
    else suspects.set(path, entry.objectId);
  }
  return suspects;
}

const STAT_FIELDS: readonly (MissReason | undefined)[] = ['size', 'mtime', 'ctime', 'inode'];

/** Returns a reason for a miss where it is a field of the stat. */
export function statField(reason: MissReason | undefined): StatField | undefined {
  return STAT_FIELDS.includes(reason) ? (reason as StatField) : undefined;
}

/** The device is not among what is compared. An unknown ctime becomes one that no file has. */
function statOf({ size, mtimeNs, ctimeNs = -1n, ino }: FileCacheEntry): FileStat {
  return { size, mtimeNs, ctimeNs, ino, dev: 0n };
}
