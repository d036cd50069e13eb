import type { Logger } from '@muse/stat-cache';
import { resolveRoot } from '@muse/walker';
import { findWorkingTree } from '../working-tree.js';

/**
 * Returns the root whose cache a directory has: of its own working tree, or of the one that it belongs to. Rejects where
 * it is no directory, even with a `.muse` above.
 */
export async function cacheRoot(directory: string, logger: Logger): Promise<string> {
  const { root } = await resolveRoot(directory);
  return (await findWorkingTree(root, logger)).root;
}
