import { StatCache } from '@muse/stat-cache';
import { resolveRoot, type IgnoreRules, type ResolvedRoot } from '@muse/walker';
import { readIgnoreRules, type IgnoreOptions } from './ignore-rules.js';
import type { SnapshotterOptions } from './types.js';

/** What there is to judge a tree by: its rules and its cache, both only to be read. */
export interface ReadOnlyContext {
  readonly root: ResolvedRoot;
  readonly ignore: IgnoreRules | undefined;
  readonly cache: StatCache | undefined;
}

/** Resolves a root and loads its rules and its cache. Rejects as opening a snapshotter does. */
export async function openReadOnly(
  root: string,
  options: Pick<SnapshotterOptions, 'cache'> & IgnoreOptions,
): Promise<ReadOnlyContext> {
  const resolved = await resolveRoot(root);
  const [ignore, cache] = await Promise.all([
    readIgnoreRules(resolved.root, options),
    cacheOf(resolved, options),
  ]);
  return { root: resolved, ignore, cache };
}

async function cacheOf(
  { root, dev, ino }: ResolvedRoot,
  { cache, logger }: Pick<SnapshotterOptions, 'cache' | 'logger'>,
): Promise<StatCache | undefined> {
  if (cache === false) return undefined;
  if (cache === undefined) return StatCache.open({ root, logger });
  if (cache.root !== undefined) {
    const its = await resolveRoot(cache.root).catch(() => undefined);
    if (its?.dev !== dev || its.ino !== ino) {
      const [mine, other] = [JSON.stringify(root), JSON.stringify(cache.root)];
      throw new RangeError(`Cannot compare ${mine} with this stat cache: it belongs to ${other}`);
    }
  }
  return cache;
}
