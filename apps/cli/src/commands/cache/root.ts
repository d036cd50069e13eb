import type { Logger } from '@muse/stat-cache';
import { resolveRoot } from '@muse/walker';
import { noMuse, rootFailure } from '../../failures.js';
import { findWorkingTree, warnOfStrangers, type WorkingTree } from '../../working-tree.js';

/**
 * Returns the working tree whose cache a directory has: its own, or the one that it belongs to. Rejects where
 * it is no directory, even with a `.muse` above, and where each `.muse` is a stranger's.
 */
export async function cacheTree(
  doing: string,
  {
    directory,
    trustOwners,
  }: { readonly directory: string; readonly trustOwners: readonly number[] | undefined },
  logger: Logger,
): Promise<WorkingTree> {
  try {
    const { root } = await resolveRoot(directory);
    const tree = await findWorkingTree(root, { trustOwners });
    if (!tree.hasMuse && tree.strangers.length > 0) throw noMuse(doing, tree);
    warnOfStrangers(tree, logger);
    return tree;
  } catch (error) {
    throw rootFailure(doing, error);
  }
}
