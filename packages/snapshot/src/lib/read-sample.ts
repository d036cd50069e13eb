import { StatCache } from '@muse/stat-cache';
import { createSnapshot } from './create-snapshot.js';
import type { ReadOnlyContext } from './read-only-context.js';
import type { Progress, Snapshot } from './types.js';
import type { Sample } from './verify-sample.js';
import type { VerifyOptions } from './verify-types.js';

/** What was read of a tree, whatever is known of it. */
export interface ReadSample {
  readonly taken: Snapshot;
  /** The stats that the files had when they were read; without files whose size is not the number of their bytes. */
  readonly read: StatCache;
}

/**
 * Reads the files of a sample. Where not one of them is a file that `isKnown`, one more is read that is, or any one where
 * none is. Both kinds of path are from the root.
 */
export async function readSample(
  { root, ignore }: ReadOnlyContext,
  sample: Sample,
  options: VerifyOptions,
  isKnown: (path: string) => boolean,
): Promise<ReadSample> {
  const { subtree = '', threads, oneFileSystem, logger, signal, onProgress } = options;
  const take = async (): Promise<ReadSample> => {
    // A snapshot that knows nothing must read everything, and what it notes down on the way is what was read.
    const read = StatCache.empty();
    const taken = await createSnapshot(root.root, {
      subtree,
      cache: read,
      ignore: sample.over(ignore),
      threads,
      oneFileSystem,
      logger,
      signal,
      onProgress: onProgress && exceptSaving(onProgress),
    });
    return { taken, read };
  };
  const first = await take();
  const prefix = subtree === '' ? '' : `${subtree}/`;
  for (const path of first.taken.manifest.keys()) if (isKnown(prefix + path)) return first;
  if (!sample.addOne(isKnown) && (first.taken.manifest.size > 0 || !sample.addOne(() => true))) return first;
  return take();
}

/** Nothing is saved, and nobody should be told so. */
function exceptSaving(listener: (progress: Progress) => void): (progress: Progress) => void {
  return (progress) => {
    if (progress.phase !== 'save') listener(progress);
  };
}
