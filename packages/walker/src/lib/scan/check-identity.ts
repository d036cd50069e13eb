import { isSameInode, openLongPath, toNativePath, type Identity } from '@muse/paths';
import { isMoved } from '../problems.js';
import type { ScanCalls } from './calls.js';

/** What a path leads to: the directory that was listed under it, nothing, or something else. */
export type IdentityCheck = 'same' | 'missing' | 'replaced';

/** Checks whether a tree path still leads to the directory that was listed under it. */
export function checkIdentity(
  calls: ScanCalls,
  root: string,
  { path, dev, ino }: Identity & { readonly path: string },
): IdentityCheck {
  try {
    const reached = openLongPath(toNativePath(root, path));
    try {
      const now = calls.lstat(reached.path);
      if (!now) return 'missing';
      return isSameInode(now, { dev, ino }) && now.isDirectory() ? 'same' : 'replaced';
    } finally {
      reached.close();
    }
  } catch (error) {
    return isMoved(error) ? 'missing' : 'replaced';
  }
}
