import { lstat } from 'node:fs/promises';
import { statCachePath } from '@muse/paths';
import { loadCache, type DiscardReason, type Logger } from '@muse/stat-cache';
import { nativePath } from '../native-path.js';
import type { CacheInfoRequest } from '../request.js';
import { rootFailure } from '../root-failure.js';
import { cacheRoot } from './cache-root.js';

/** What there is to tell about a cache. */
export interface CacheInfo {
  /** Where its file is, or would be. */
  readonly file: string;
  /** Bytes of its file; undefined where there is none, or something else in its place. */
  readonly bytes: number | undefined;
  readonly entries: number;
  /** Entries that were damaged, and are not among the others. */
  readonly dropped: number;
  /** Why it cannot be used, if so. */
  readonly discarded: DiscardReason | undefined;
  /** How many entries have a dimension, by its name. */
  readonly dimensions: ReadonlyMap<string, number>;
}

/** Looks at the cache of a working tree, and changes nothing. */
export async function cacheInfo(request: CacheInfoRequest, logger: Logger): Promise<CacheInfo> {
  const doing = `cannot look at the cache of ${request.directory}`;
  try {
    const root = await cacheRoot(doing, request, logger);
    const file = statCachePath(root);
    const bytes = await sizeOf(file);
    const cache = await loadCache(root, { logger });
    const dimensions = new Map<string, number>();
    for (const [, entry] of cache.entries()) {
      for (const name of entry.dimensions.keys()) dimensions.set(name, (dimensions.get(name) ?? 0) + 1);
    }
    const { size: entries, dropped, discarded } = cache;
    return { file, bytes, entries, dropped, discarded, dimensions };
  } catch (error) {
    throw rootFailure(doing, error);
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  const stats = await lstat(nativePath(file)).catch(() => undefined);
  return stats?.isFile() === true ? stats.size : undefined;
}
