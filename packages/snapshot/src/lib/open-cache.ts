import { StatCache, type LoadCacheOptions } from '@muse/stat-cache';
import { resolveRoot, type ResolvedRoot } from '@muse/walker';
import { checkMuseOwner } from '@muse/walker/ignore';
import type { SnapshotterOptions } from './types.js';

/** Returns the cache for a root: its own, the one that was given, or none. Rejects where that is another root's. */
export async function openCache(
  resolved: ResolvedRoot,
  options: Pick<SnapshotterOptions, 'cache' | 'logger' | 'subtree' | 'temporaryFiles' | 'trustOwners'>,
  own: Pick<LoadCacheOptions, 'defer' | 'keep'> = {},
): Promise<StatCache | undefined> {
  const { cache, logger, temporaryFiles } = options;
  if (cache === false) return undefined;
  // Whoever owns it could forge every object id; that it does not count is told with the rules.
  if (cache === undefined && (await checkMuseOwner(resolved.root, options))) return undefined;
  if (cache === undefined) return StatCache.open({ root: resolved.root, logger, temporaryFiles, ...own });
  // Nothing would match, and a snapshot would prune all of its entries and save those recorded here over there.
  if (cache.root !== undefined && !(await isRoot(resolved, cache.root))) {
    const [mine, its] = [JSON.stringify(resolved.root), JSON.stringify(cache.root)];
    throw new RangeError(`Cannot use this stat cache for ${mine}: it belongs to ${its}`);
  }
  return cache;
}

async function isRoot({ dev, ino }: ResolvedRoot, path: string): Promise<boolean> {
  const other = await resolveRoot(path).catch(() => undefined);
  return other?.dev === dev && other.ino === ino;
}
