import { PathSet } from '@muse/paths';
import type { StatCache } from '@muse/stat-cache';
import { countLinesBelow } from '@muse/stat-cache/json-v3';
import { sharedLines } from './annotate.js';
import type { Assembled } from './assemble.js';
import { isAtOrBelow } from './at-or-below.js';
import { isOfRules } from './is-of-rules.js';
import type { Manifest } from './types.js';

/**
 * Removes the entries of files that are gone, and returns how many. `uncached` is how many files of the manifest have no
 * entry; the manifest itself is only asked for when something is gone. What lies at or below a problem is spared: it was
 * not seen, which is not the same as not being there. So is what lies outside of the subtree that was snapshotted.
 */
export function pruneCache(
  cache: StatCache,
  { problems, matched, counts }: Assembled,
  uncached: number,
  manifest: () => Manifest,
  subtree = '',
): number {
  const unseen = new PathSet(problems.filter((each) => !isOfRules(each)).map(({ path }) => path));
  // The manifest and the problems of a subtree begin there, the cache at the root.
  const start = subtree === '' ? 0 : subtree.length + 1;
  const known = {
    has(path: string) {
      const own = path.slice(start);
      return manifest().has(own) || isAtOrBelow(unseen, own);
    },
  };
  const lines = sharedLines(cache);
  if (lines && subtree !== '') {
    const allMatched = matched === countLinesBelow(lines, subtree);
    return cache.prune(known, { below: subtree, matched: allMatched ? lines.count : undefined });
  }
  if (lines) return cache.prune(known, { matched });
  // Every other file was just looked up or recorded: as many entries as those means no entry without a file.
  if (subtree === '' && problems.length === 0 && cache.size === counts.files - uncached) return 0;
  return cache.prune(known, { below: subtree });
}
