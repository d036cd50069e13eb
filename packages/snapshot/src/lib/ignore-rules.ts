import type { IgnoreRules } from '@muse/walker';
import {
  checkMuseOwner,
  combineIgnoreRules,
  loadGitIgnoreRules,
  loadIgnoreFiles,
  loadIgnoreRules,
  PatternRules,
  type LoadIgnoreOptions,
  type OnRuleText,
} from '@muse/walker/ignore';
import type { TreeOptions } from './tree-options.js';
import type { SnapshotterOptions } from './types.js';

/** The options that say what is left out. */
export type IgnoreOptions = TreeOptions &
  Pick<SnapshotterOptions, 'cache' | 'ignore' | 'logger' | 'problems' | 'subtree'>;

/** Reads the rules of a root, of which the later overrule the earlier: git's, `.museignore`, the files that were named, patterns. */
export async function readIgnoreRules(
  root: string,
  options: IgnoreOptions,
  onText?: OnRuleText,
): Promise<IgnoreRules | undefined> {
  const {
    ignore,
    ignoreFiles = [],
    gitignore = false,
    exclude = [],
    noIgnore = false,
    problems = [],
  } = options;
  const reading = { ...options, onText };
  const [stranger, git, own, named] = await Promise.all([
    usesMuse(options) ? checkMuseOwner(root, options) : undefined,
    gitignore && !noIgnore ? loadGitIgnoreRules(root, reading) : undefined,
    ignore === undefined ? (noIgnore ? undefined : loadOwnRules(root, reading)) : ignore || undefined,
    ignoreFiles.length > 0 && !noIgnore ? loadIgnoreFiles(root, ignoreFiles, reading) : undefined,
  ]);
  const patterns = exclude.map((pattern) => ({ pattern }));
  const isNews = stranger && problems.every(({ message }) => message !== stranger.message);
  const known = isNews ? [...problems, stranger] : problems;
  const last = patterns.length + known.length > 0 ? new PatternRules(patterns, known) : undefined;
  return combineIgnoreRules(git, own, named, last);
}

/** Whether anything in `.muse` is read: the cache, or the domain that rules are for. */
function usesMuse({ cache, ignore, ignoreFiles = [], noIgnore = false }: IgnoreOptions): boolean {
  return cache === undefined || (!noIgnore && (ignore === undefined || ignoreFiles.length > 0));
}

/** Whether the rules are to be read again for each snapshot. */
export function readsRules({ ignore, ignoreFiles = [], gitignore, noIgnore }: IgnoreOptions): boolean {
  return noIgnore !== true && (ignore === undefined || gitignore === true || ignoreFiles.length > 0);
}

/** Returns the rules of a root, where there is any: `muse init` writes a file without one, and none is fastest. */
async function loadOwnRules(root: string, options: LoadIgnoreOptions): Promise<IgnoreRules | undefined> {
  const rules = await loadIgnoreRules(root, options);
  return rules && rules.rules.length + rules.problems.length > 0 ? rules : undefined;
}
