import {
  createSnapshot,
  saveSnapshot,
  type Progress,
  type SavedSnapshotInfo,
  type Snapshot,
} from '@muse/snapshot';
import type { TemporaryFiles } from '@muse/paths/files';
import type { Logger } from '@muse/stat-cache';
import type { SnapshotRequest, TreeRequest } from '../request.js';
import { rootFailure, rootProblemIn } from '../root-failure.js';
import { noMuse, savedFailure } from '../saved-failure.js';
import { systemFailure } from '../system-error.js';
import { findWorkingTree, type WorkingTree } from '../working-tree.js';

/** A snapshot, and whether the next one can be faster. */
export interface SnapshotAnswer {
  readonly snapshot: Snapshot;
  /** True when a cache was wanted and there is no `.muse` to keep it in. */
  readonly lacksCache: boolean;
  /** Where it was saved, if it was to be. */
  readonly saved: SavedSnapshotInfo | undefined;
}

/** What a snapshot tells while it runs. */
export interface SnapshotContext {
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
  readonly temporaryFiles: TemporaryFiles;
}

/** Takes the snapshot that was asked for; rejects where not even the root could be listed, or it could not be saved. */
export async function snapshot(request: SnapshotRequest, context: SnapshotContext): Promise<SnapshotAnswer> {
  const { directory, cache, save } = request;
  const tree = await findWorkingTree(directory, request.tree);
  if (save && !tree.hasMuse) throw noMuse(`cannot save a snapshot of ${directory}`, tree);
  // Of the default answer the manifest is no part.
  const taken = await takeOf(tree, { ...request, deferManifest: !save }, context);
  return {
    snapshot: taken,
    lacksCache: cache && !tree.hasMuse && tree.strangers.length === 0,
    saved: save ? await keep(tree, taken, request, context.temporaryFiles) : undefined,
  };
}

/** How the snapshot of a tree is taken. */
export interface TakeOptions extends TreeRequest, Pick<SnapshotRequest, 'threads'> {
  readonly cache?: boolean;
  readonly deferManifest?: boolean;
}

/** Takes a snapshot of a tree, or of the part of it that was named. */
export async function takeOf(
  { name, root, subtree, strangers }: WorkingTree,
  { cache = true, threads, tree, deferManifest }: TakeOptions,
  { logger, onProgress, temporaryFiles }: SnapshotContext,
): Promise<Snapshot> {
  let taken: Snapshot;
  try {
    taken = await createSnapshot(root, {
      subtree,
      cache: cache ? undefined : false,
      threads,
      ...tree,
      problems: strangers,
      logger,
      onProgress,
      temporaryFiles,
      deferManifest,
    });
  } catch (error) {
    throw rootFailure(`cannot take a snapshot of ${name}`, error);
  }
  const rootProblem = rootProblemIn(taken.problems);
  if (rootProblem) throw systemFailure(`cannot list ${name}`, rootProblem);
  return taken;
}

async function keep(
  { name, root, subtree }: WorkingTree,
  taken: Snapshot,
  { note, tree: options }: SnapshotRequest,
  temporaryFiles: TemporaryFiles,
): Promise<SavedSnapshotInfo> {
  try {
    return await saveSnapshot(root, taken, { note, subtree, options, temporaryFiles });
  } catch (error) {
    throw savedFailure(`cannot save a snapshot of ${name}`, error);
  }
}
