import type { StatCache } from '@muse/stat-cache';
import { sharedLines } from './annotate.js';
import type { Assembled } from './assemble.js';
import { isAtOrBelow } from './at-or-below.js';
import type { Manifest } from './types.js';

/**
 * Removes the entries of files that are gone, and returns how many. `uncached` is how many files of the manifest have no
 * entry; the manifest itself is only asked for when something is gone. What lies at or below a problem is spared: it was not seen, which is not the same as not being there.
 */
export function pruneCache(
  cache: StatCache,
  { problems, matched, counts }: Assembled,
  uncached: number,
  manifest: () => Manifest,
): number {
  const unseen = new Set(problems.map(({ path }) => path));
  const known = { has: (path: string) => manifest().has(path) || isAtOrBelow(unseen, path) };
  if (sharedLines(cache)) return cache.prune(known, { matched });
  // Every other file was just looked up or recorded: as many entries as those means no entry without a file.
  if (problems.length === 0 && cache.size === counts.files - uncached) return 0;
  return cache.prune(known);
}
