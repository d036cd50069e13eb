import type { StatCache } from '@muse/stat-cache';
import type { OnRuleText } from '@muse/walker/ignore';
import { resolveRoot, type IgnoreRules, type ResolvedRoot } from '@muse/walker';
import { readIgnoreRules, type IgnoreOptions } from './ignore-rules.js';
import { openCache } from './open-cache.js';
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
  onText?: OnRuleText,
): Promise<ReadOnlyContext> {
  const resolved = await resolveRoot(root);
  const [ignore, cache] = await Promise.all([
    readIgnoreRules(resolved.root, options, onText),
    openCache(resolved, options),
  ]);
  return { root: resolved, ignore, cache };
}
