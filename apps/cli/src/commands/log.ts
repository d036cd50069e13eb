import { listSavedSnapshots, type SavedSnapshotList } from '@muse/snapshot';
import type { Logger } from '@muse/stat-cache';
import type { LogRequest } from '../request.js';
import { noMuse, savedFailure } from '../saved-failure.js';
import { findWorkingTree, warnOfStrangers } from '../working-tree.js';

/** Lists the saved snapshots of a working tree. */
export async function log(
  { directory, trustOwners }: LogRequest,
  logger: Logger,
): Promise<SavedSnapshotList> {
  const doing = `cannot list the saved snapshots of ${directory}`;
  const tree = await findWorkingTree(directory, { trustOwners });
  warnOfStrangers(tree, logger);
  if (!tree.hasMuse) throw noMuse(doing, tree);
  try {
    return await listSavedSnapshots(tree.root);
  } catch (error) {
    throw savedFailure(doing, error);
  }
}
