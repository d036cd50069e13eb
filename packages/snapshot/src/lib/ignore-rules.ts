import type { IgnoreRules } from '@muse/walker';
import {
  combineIgnoreRules,
  loadGitIgnoreRules,
  loadIgnoreFiles,
  loadIgnoreRules,
  PatternRules,
} from '@muse/walker/ignore';
import type { TreeOptions } from './tree-options.js';
import type { SnapshotterOptions } from './types.js';

/** The options that say what is left out. */
export type IgnoreOptions = TreeOptions & Pick<SnapshotterOptions, 'ignore' | 'logger'>;

/** Reads the rules of a root, of which the later overrule the earlier: git's, `.museignore`, the files that were named, patterns. */
export async function readIgnoreRules(
  root: string,
  { ignore, ignoreFiles = [], gitignore = false, exclude = [], noIgnore = false, logger }: IgnoreOptions,
): Promise<IgnoreRules | undefined> {
  const [git, own, named] = await Promise.all([
    gitignore && !noIgnore ? loadGitIgnoreRules(root, { logger }) : undefined,
    ignore === undefined ? (noIgnore ? undefined : loadOwnRules(root)) : ignore || undefined,
    ignoreFiles.length > 0 && !noIgnore ? loadIgnoreFiles(root, ignoreFiles) : undefined,
  ]);
  const patterns = exclude.map((pattern) => ({ pattern }));
  return combineIgnoreRules(git, own, named, patterns.length > 0 ? new PatternRules(patterns) : undefined);
}

/** Whether the rules are to be read again for each snapshot. */
export function readsRules({ ignore, ignoreFiles = [], gitignore, noIgnore }: IgnoreOptions): boolean {
  return noIgnore !== true && (ignore === undefined || gitignore === true || ignoreFiles.length > 0);
}

/** Returns the rules of a root, where there is any: `muse init` writes a file without one, and none is fastest. */
async function loadOwnRules(root: string): Promise<IgnoreRules | undefined> {
  const rules = await loadIgnoreRules(root);
  return rules && rules.rules.length > 0 ? rules : undefined;
}
