import { PathMap } from '@muse/paths';
import type { FileCacheEntry, FileStat, MissReason, ObjectId, StatCache } from '@muse/stat-cache';
import type { Yielder } from './yielder.js';
import type { ReadSample } from './read-sample.js';
import type { EditedFile, MismatchedFile, StatField, TouchedFile } from './verify-types.js';

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

/** Files of a cache that a comparison cannot tell about yet, with the object id that the cache has. */
export interface Undecided {
  /** The bytes differ, though the stat, as far as is known, does not. */
  readonly suspects: Map<string, ObjectId>;
  /** Nothing was read of them. */
  readonly unread: Map<string, ObjectId>;
}

/** Compares what was read below a directory with a cache; `prefix` is the path of that directory and a slash, or `''`. */
export async function compareWithCache(
  cache: StatCache,
  { taken: { manifest }, read }: ReadSample,
  prefix: string,
  comparison: Comparison,
  yielder: Yielder,
): Promise<Undecided> {
  const suspects = new PathMap<ObjectId>();
  const unread = new PathMap<ObjectId>();
  for (const [path, entry] of cache.entries()) {
    const turn = yielder.step();
    if (turn) await turn;
    if (!path.startsWith(prefix)) continue;
    const objectId = manifest.get(path.slice(prefix.length));
    if (objectId === undefined) {
      unread.set(path, entry.objectId);
      continue;
    }
    const field = statField(read.missReason(path, statOf(entry)));
    if (field !== undefined) comparison.addChanged(path, field, entry.objectId, objectId);
    else if (entry.objectId === objectId) comparison.unchanged++;
    else suspects.set(path, entry.objectId);
  }
  return { suspects, unread };
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
