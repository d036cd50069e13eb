import type { IgnoreRules } from '@muse/walker';
import {
  combineIgnoreRules,
  loadGitIgnoreRules,
  loadIgnoreFiles,
  loadIgnoreRules,
} from '@muse/walker/ignore';
import type { SnapshotterOptions } from './types.js';

/** The options that say what is left out. */
export type IgnoreOptions = Pick<SnapshotterOptions, 'ignore' | 'ignoreFiles' | 'gitignore' | 'logger'>;

/** Reads the rules of a root, of which the later overrule the earlier: git's, `.museignore`, the files that were named. */
export async function readIgnoreRules(
  root: string,
  { ignore, ignoreFiles = [], gitignore = false, logger }: IgnoreOptions,
): Promise<IgnoreRules | undefined> {
  const [git, own, named] = await Promise.all([
    gitignore ? loadGitIgnoreRules(root, { logger }) : undefined,
    ignore === undefined ? loadOwnRules(root) : ignore || undefined,
    ignoreFiles.length > 0 ? loadIgnoreFiles(root, ignoreFiles) : undefined,
  ]);
  return combineIgnoreRules(git, own, named);
}

/** Whether the rules are to be read again for each snapshot. */
export function readsRules({ ignore, ignoreFiles = [], gitignore = false }: IgnoreOptions): boolean {
  return ignore === undefined || gitignore || ignoreFiles.length > 0;
}

/** Returns the rules of a root, where there is any: `muse init` writes a file without one, and none is fastest. */
async function loadOwnRules(root: string): Promise<IgnoreRules | undefined> {
  const rules = await loadIgnoreRules(root);
  return rules && rules.rules.length > 0 ? rules : undefined;
}
