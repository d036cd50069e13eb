import { stat } from 'node:fs/promises';
import { listSavedSnapshots, type SavedSnapshotList } from '@muse/snapshot';
import type { Logger } from '@muse/stat-cache';
import type { LogRequest } from '../request.js';
import { nativePath } from '../native-path.js';
import { noMuse, savedFailure } from '../saved-failure.js';
import { systemFailure } from '../system-error.js';
import { findWorkingTree, warnOfStrangers } from '../working-tree.js';
import { isWithin } from './same-part.js';

/** The saved snapshots of a working tree. */
export interface LogAnswer extends SavedSnapshotList {
  /** The file of the one that `latest` stands for in the directory that was named. */
  readonly latest: string | undefined;
}

/** Lists the saved snapshots of a working tree. */
export async function log({ directory, trustOwners }: LogRequest, logger: Logger): Promise<LogAnswer> {
  const doing = `cannot list the saved snapshots of ${directory}`;
  const tree = await findWorkingTree(directory, { trustOwners });
  warnOfStrangers(tree, logger);
  if (tree.error === undefined && !(await isDirectory(directory))) {
    throw systemFailure(doing, Object.assign(new Error('not a directory'), { code: 'ENOTDIR' }));
  }
  if (!tree.hasMuse) throw noMuse(doing, tree);
  try {
    const list = await listSavedSnapshots(tree.root);
    const latest = list.snapshots.find(({ subtree }) => isWithin(tree.subtree, subtree))?.file;
    return { ...list, latest };
  } catch (error) {
    throw savedFailure(doing, error);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(nativePath(path)).catch(() => undefined))?.isDirectory() === true;
}
