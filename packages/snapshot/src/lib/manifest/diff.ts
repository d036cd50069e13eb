import { PathMap, PathSet } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { inPathOrder, isAtOrBelow } from './manifest.js';
import type {
  DiffEntry,
  Manifest,
  ManifestDiff,
  ModifiedEntry,
  RenamedEntry,
  Snapshot,
  SnapshotDiff,
} from '../types.js';

/**
 * Returns what changed from `before` to `after`.
 *
 * A file is renamed if its object id is gone from one path and new at another. If several are, the first to go is
 * paired with the first to come, in path order. Empty files are never renamed: nothing tells one from another.
 */
export function diffManifests(before: Manifest, after: Manifest): ManifestDiff {
  const gone: DiffEntry[] = [];
  for (const [path, objectId] of inPathOrder(before)) {
    if (!after.has(path)) gone.push({ path, objectId });
  }
  const came: DiffEntry[] = [];
  const modified: ModifiedEntry[] = [];
  for (const [path, objectId] of inPathOrder(after)) {
    const old = before.get(path);
    if (old === undefined) came.push({ path, objectId });
    else if (old !== objectId) modified.push({ path, before: old, after: objectId });
  }
  return { modified, ...pairRenames(gone, came) };
}

const EMPTY_FILE: ObjectId = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function pairRenames(gone: readonly DiffEntry[], came: readonly DiffEntry[]): Omit<ManifestDiff, 'modified'> {
  const sources = new Map<ObjectId, DiffEntry[]>();
  for (const entry of gone.toReversed()) {
    const stack = sources.get(entry.objectId);
    if (stack !== undefined) stack.push(entry);
    else if (entry.objectId !== EMPTY_FILE) sources.set(entry.objectId, [entry]);
  }

  const added: DiffEntry[] = [];
  const renamed: RenamedEntry[] = [];
  const moved = new Set<DiffEntry>();
  for (const entry of came) {
    const source = sources.get(entry.objectId)?.pop();
    if (source === undefined) {
      added.push(entry);
    } else {
      moved.add(source);
      renamed.push({ from: source.path, to: entry.path, objectId: entry.objectId });
    }
  }
  return { added, deleted: gone.filter((entry) => !moved.has(entry)), renamed };
}

/** Returns what {@link diffManifests} does, but calls no file deleted or added that the other snapshot could not see. */
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
