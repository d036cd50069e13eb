import { reachPath, toNativePath } from '@muse/paths';
import { isSameInode } from './opened-directory.js';
import { isMoved } from './problems.js';
import type { ScanCalls } from './scan-calls.js';
import type { DirectoryToScan } from './scan-directory.js';

/** What became of a directory: it is where it was, or nothing is there, or something else is. */
export type Fate = 'same' | 'gone' | 'other';

/** Looks whether a path still leads to the directory that was listed under it. */
export function fateOf(calls: ScanCalls, root: string, directory: DirectoryToScan): Fate {
  try {
    const reached = reachPath(toNativePath(root, directory.path));
    try {
      const now = calls.lstat(reached.path);
      if (!now) return 'gone';
      return isSameInode(now, directory) && now.isDirectory() ? 'same' : 'other';
    } finally {
      reached.close();
    }
  } catch (error) {
    return isMoved(error) ? 'gone' : 'other';
  }
}
