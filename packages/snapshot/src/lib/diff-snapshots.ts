import { PathMap, PathSet } from '@muse/paths';
import { isAtOrBelow } from './at-or-below.js';
import { diffManifests, type ManifestDiff } from './diff.js';
import { inPathOrder } from './manifest-order.js';
import type { Manifest, Snapshot } from './types.js';

/** What leads from one snapshot to another, as far as both can tell. */
export interface SnapshotDiff extends ManifestDiff {
  /**
   * Files that one of the snapshots has and the other cannot vouch for, because of a problem with the file or a directory
   * above it. They are in none of the other lists: nobody knows whether they are still there, or were before. In path
   * order, those of `before` first.
   */
  readonly unknown: readonly string[];
}

/** Does what {@link diffManifests} does, and takes no file for deleted or added that the other snapshot could not see. */
export function diffSnapshots(
  before: Pick<Snapshot, 'manifest' | 'problems'>,
  after: Pick<Snapshot, 'manifest' | 'problems'>,
): SnapshotDiff {
  const unknown: string[] = [];
  const old = seenFrom(before.manifest, after, unknown);
  const now = seenFrom(after.manifest, before, unknown);
  return { ...diffManifests(old, now), unknown };
}

/** Returns a manifest without the files that the other snapshot could not see; those are added to `unknown`. */
function seenFrom(
  manifest: Manifest,
  other: Pick<Snapshot, 'manifest' | 'problems'>,
  unknown: string[],
): Manifest {
  if (other.problems.length === 0) return manifest;
  const unseen = new PathSet(other.problems.map(({ path }) => path));
  const seen = new PathMap(inPathOrder(manifest));
  for (const path of seen.keys()) {
    if (other.manifest.has(path) || !isAtOrBelow(unseen, path)) continue;
    unknown.push(path);
    seen.delete(path);
  }
  return seen;
}
