import { StatCache, type LoadCacheOptions } from '@muse/stat-cache';
import { resolveRoot, type ResolvedRoot } from '@muse/walker';
import type { SnapshotterOptions } from './types.js';

/** Returns the cache for a root: its own, the one that was given, or none. Rejects where that is another root's. */
export async function openCache(
  resolved: ResolvedRoot,
  { cache, logger, temporaryFiles }: Pick<SnapshotterOptions, 'cache' | 'logger' | 'temporaryFiles'>,
  own: Pick<LoadCacheOptions, 'defer' | 'keep'> = {},
): Promise<StatCache | undefined> {
  if (cache === false) return undefined;
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
