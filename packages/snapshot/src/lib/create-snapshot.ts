import { SnapshotIncompleteError } from './incomplete-error.js';
import { openRoot } from './snapshotter.js';
import type { Manifest, Snapshot, SnapshotCall, SnapshotterOptions } from './types.js';

/**
 * Takes one snapshot of a root: opens it, takes it, closes it. Rejects when the root is no directory, when its
 * `.museignore` is broken, with a `LeftOutError` where the rules leave out the directory that was asked for, or with
 * the reason of `signal`; everything else that goes wrong is a problem in the result.
 */
export async function createSnapshot(
  root: string,
  options: SnapshotterOptions & SnapshotCall = {},
): Promise<Snapshot> {
  options.signal?.throwIfAborted();
  const snapshotter = await openRoot(root, options, false);
  try {
    return await snapshotter.snapshot(options);
  } finally {
    await snapshotter.close();
  }
}

/**
 * Returns the manifest of a root, complete. Rejects as {@link createSnapshot} does, and with a
 * {@link SnapshotIncompleteError} when there is any problem.
 */
export async function buildSnapshotManifest(
  root: string,
  options: SnapshotterOptions & SnapshotCall = {},
): Promise<Manifest> {
  const { manifest, problems } = await createSnapshot(root, options);
  if (problems.length > 0) throw new SnapshotIncompleteError(root, problems);
  return manifest;
}
