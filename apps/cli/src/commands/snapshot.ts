import { lstat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { museDir } from '@muse/paths';
import { createSnapshot, type Progress, type Snapshot } from '@muse/snapshot';
import type { Logger } from '@muse/stat-cache';
import { nativePath } from '../native-path.js';
import type { SnapshotRequest } from '../request.js';
import { rootFailure } from '../root-failure.js';
import { errorCode, systemFailure } from '../system-error.js';

/** A snapshot, and whether the next one can be faster. */
export interface SnapshotAnswer {
  readonly snapshot: Snapshot;
  /** True when a cache was wanted and there is no `.muse` to keep it in. */
  readonly lacksCache: boolean;
}

/** What a snapshot tells while it runs, and what ends it early. */
export interface SnapshotContext {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
}

/** Takes the snapshot that was asked for; rejects where not even the root could be listed. */
export async function snapshot(request: SnapshotRequest, context: SnapshotContext): Promise<SnapshotAnswer> {
  const { directory } = request;
  const taken = await take(request, context);
  const rootProblem = taken.problems.find(({ path }) => path === '');
  if (rootProblem) throw systemFailure(`cannot list ${directory}`, rootProblem);
  return { snapshot: taken, lacksCache: request.cache && !(await hasMuseDirectory(directory)) };
}

async function take(
  request: SnapshotRequest,
  { signal, logger, onProgress }: SnapshotContext,
): Promise<Snapshot> {
  const { directory, cache, threads, oneFileSystem } = request;
  try {
    return await createSnapshot(directory, {
      cache: cache ? undefined : false,
      threads: threads && Math.min(threads, mostThreads()),
      oneFileSystem,
      logger,
      signal,
      onProgress,
      // Of the default answer it is no part.
      deferManifest: true,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw rootFailure(`cannot take a snapshot of ${directory}`, error);
  }
}

/** Each thread takes some 12 MB, and thousands of them end the process; above the processors they only slow it down. */
function mostThreads(): number {
  return Math.max(64, availableParallelism());
}

async function hasMuseDirectory(directory: string): Promise<boolean> {
  try {
    await lstat(nativePath(museDir(directory)));
    return true;
  } catch (error) {
    return errorCode(error) !== 'ENOENT';
  }
}
