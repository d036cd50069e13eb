import type { FileCacheEntry, FileStat, MissReason } from './types.js';

/** Returns the first field in which a file differs from its entry, or `undefined` when none does: the entry is valid. */
export function changedField(
  entry: FileCacheEntry,
  stat: Pick<FileCacheEntry, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino'>,
): MissReason | undefined {
  if (entry.size !== stat.size) return 'size';
  if (entry.mtimeNs !== stat.mtimeNs) return 'mtime';
  if (entry.ctimeNs !== stat.ctimeNs) return 'ctime';
  // Node gives inode numbers from 2^63 on as negative ones; the file format knows only positive ones.
  if (entry.ino !== stat.ino && entry.ino !== BigInt.asUintN(64, stat.ino)) return 'inode';
  return undefined;
}

/** Returns whether no change shows between two stats of one file. */
export function isSameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.ino === b.ino &&
    a.dev === b.dev
  );
}
