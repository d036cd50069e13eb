import { isWellFormedPath, treePathToBytes } from '@muse/paths';

/**
 * Returns what `fs` must be given to reach `path`: bytes where the string cannot say them.
 *
 * Paths travel through this program as strings in which a byte that is not UTF-8 is a lone surrogate (PEP 383).
 */
export function nativePath(path: string): string | Buffer {
  return isWellFormedPath(path) ? path : treePathToBytes(path);
}
