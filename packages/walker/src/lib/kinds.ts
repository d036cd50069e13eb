import { constants } from 'node:fs';
import type { LeftOutKind } from './types.js';

/** The kinds that a count of what was left out has, in the order of its elements. */
export const LEFT_OUT_KINDS: readonly LeftOutKind[] = [
  'symlink',
  'fifo',
  'socket',
  'device',
  'unknown',
  'ignored',
  'reserved',
  'other-device',
];

/** Returns what a mode says an entry is. */
export function kindOfMode(
  mode: number,
): 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'unknown' {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return 'file';
    case constants.S_IFDIR:
      return 'directory';
    case constants.S_IFLNK:
      return 'symlink';
    case constants.S_IFIFO:
      return 'fifo';
    case constants.S_IFSOCK:
      return 'socket';
    case constants.S_IFCHR:
    case constants.S_IFBLK:
      return 'device';
    default:
      return 'unknown';
  }
}

/** Counts by kind, zero for all. */
export function noneLeftOut(): Record<LeftOutKind, number> {
  return Object.fromEntries(LEFT_OUT_KINDS.map((kind) => [kind, 0])) as Record<LeftOutKind, number>;
}
