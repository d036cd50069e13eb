import type { SortedLines, StatCache } from '@muse/stat-cache';
import { directoriesOf, FAILED, type LineRange, type Listing, type Tree } from '@muse/walker/scan';
import type { Assembled } from './assemble.js';
import type { DirectoryFiles } from './directory-files.js';
import { isOfRules } from './is-of-rules.js';
import type { Manifest } from './types.js';

/** What a snapshot found, for the cache to be pruned by. */
export interface Found {
  readonly tree: Tree<DirectoryFiles>;
  /** The lines that the tree was joined with, where it was. */
  readonly lines: SortedLines | undefined;
  /** The paths that were pending before anything was recorded. */
  readonly pending: readonly string[];
  readonly assembled: Assembled;
  /** Files of the manifest that were not recorded. */
  readonly uncached: number;
  readonly subtree: string;
  /** Returns the manifest; only called when something may be gone. */
  readonly manifest: () => Manifest;
}

/**
 * Removes the entries of files that are gone, and returns how many. What lies at or below a problem is spared: it was not
 * seen, which is not the same as not being there. So is what lies outside of the subtree that was snapshotted.
 */
export function pruneCache(cache: StatCache, found: Found): number {
  const { tree, lines, pending, assembled, uncached, subtree } = found;
  const known = { has: (path: string) => isThere(path, found) };
  if (lines) {
    const isInside = (path: string) => subtree === '' || path.startsWith(`${subtree}/`);
    const isGone = (path: string) => isInside(path) && !known.has(path);
    return (
      cache.removeLines(goneLines(tree)) + cache.remove([...excludedPaths(tree), ...pending.filter(isGone)])
    );
  }
  // Every other file was just looked up or recorded: as many entries as those means no entry without a file.
  const { problems, counts } = assembled;
  if (subtree === '' && problems.length === 0 && cache.size === counts.files - uncached) return 0;
  return cache.prune(known, { below: subtree });
}

/** Yields the lines whose files are not there, or are left out. What could not be listed whole says nothing of them. */
function* goneLines(tree: Tree<DirectoryFiles>): Iterable<LineRange> {
  for (const { state, listing, excludedLines } of directoriesOf(tree.top)) {
    if (state !== 'listed' || !listing || hasFailed(listing)) continue;
    yield* listing.gone;
    yield* excludedLines;
  }
}

function* excludedPaths(tree: Tree<DirectoryFiles>): Iterable<string> {
  for (const { prefix, excludedFiles } of directoriesOf(tree.top)) {
    for (const name of excludedFiles) yield prefix + name;
  }
}

function hasFailed(listing: Listing): boolean {
  for (let entry = 0; entry < listing.length; entry++) if (listing.match(entry) === FAILED) return true;
  return false;
}

/** Returns whether a path is in the manifest, or at or below a problem. Both begin at the subtree, the cache at the root. */
function isThere(path: string, { assembled, subtree, manifest }: Found): boolean {
  const own = subtree === '' ? path : path.slice(subtree.length + 1);
  if (manifest().has(own)) return true;
  const unseen = assembled.problems.filter((problem) => !isOfRules(problem));
  return unseen.some(
    (problem) => problem.path === '' || own === problem.path || own.startsWith(`${problem.path}/`),
  );
}
