import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { relativeTreePath, toFsPath } from '@muse/paths';
import { problemElsewhere } from '../../problems.js';
import { resolveRoot } from '../../walk/resolve-root.js';
import type { IgnoreRule, IgnoreRules, WalkProblem } from '../../types.js';
import { byteText } from '../byte-text.js';
import { LayeredRules } from '../layered-rules.js';
import type { OnRuleText } from '../on-rule-text.js';
import { ReportLayer } from '../report-layer.js';
import { RuleOwners, type RuleOwnerOptions } from '../rule-owners.js';
import { GitLayer, type GitReading } from './git-layer.js';
import { isBareRepository, RepositoryError } from './repository.js';

/** Whose rules count, and who hears of what git would warn about. */
export interface LoadGitIgnoreRulesOptions extends RuleOwnerOptions {
  readonly logger?: { warn(message: string): void } | undefined;
  /** Hears of the text of each file of patterns, when it is read. Default: nobody. */
  readonly onText?: OnRuleText | undefined;
}

/**
 * Makes the rules by which git leaves out what it does not track: those of `.gitignore` files, each read when a walk
 * lists its directory, of those above the root up to the top of its repository, and of `.git/info/exclude`. Where
 * there is no repository, the root counts as the top of one. In a repository further down its own rules count alone.
 *
 * Neither the settings of the user (`core.excludesFile`, `core.ignoreCase`) nor what git tracks already counts, so that
 * the same files and rules give the same answer on each machine. Where the rules above leave the root itself out, that is
 * its `rootRule`.
 *
 * Rules that cannot be read, and those of strangers, which are not obeyed, are problems of the walk.
 */
export async function loadGitIgnoreRules(
  root: string,
  { logger, onText, ...owners }: LoadGitIgnoreRulesOptions = {},
): Promise<IgnoreRules> {
  const { root: resolved } = await resolveRoot(root);
  const reading = { owners: await RuleOwners.of(resolved, owners), warn: logger?.warn.bind(logger), onText };
  const problems: WalkProblem[] = [];
  let { layer, directory } = await findTop(resolved, reading, problems);
  let rootRule: IgnoreRule | undefined;
  const prefix = relativeTreePath(directory, resolved);
  for (const name of prefix === '' ? [] : prefix.split('/')) {
    layer = await layer.withGitIgnore({ native: directory, path: undefined }, problems);
    const decision = layer.decide({ path: '', name: byteText(name), directory: true });
    if (decision?.ignored === true) rootRule ??= decision.rule;
    layer = layer.below(byteText(name));
    directory = join(directory, name);
  }
  const layers = problems.length > 0 ? [layer, new ReportLayer(problems)] : [layer];
  return new LayeredRules(layers, '', rootRule);
}

/**
 * Looks for the working tree of git that a directory is in, as git does: on its own file system only, and not above a
 * directory that is a repository itself.
 */
async function findTop(
  root: string,
  reading: GitReading,
  problems: WalkProblem[],
): Promise<{ readonly directory: string; readonly layer: GitLayer }> {
  const device = await deviceOf(root);
  for (let directory = root; ; directory = dirname(directory)) {
    const path = directory === root ? '' : undefined;
    const layer = await GitLayer.ofTop({ native: directory, path }, reading, problems);
    if (layer) return { directory, layer };
    const isLast = directory === dirname(directory) || (await isBare(directory, problems));
    if (isLast || (await deviceOf(dirname(directory))) !== device) {
      return { directory: root, layer: new GitLayer(reading) };
    }
  }
}

async function isBare(directory: string, problems: WalkProblem[]): Promise<boolean> {
  try {
    return await isBareRepository(directory);
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    problems.push(problemElsewhere(error.file, error.code, error.reason));
    return false;
  }
}

async function deviceOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(toFsPath(path))).dev;
  } catch {
    return undefined;
  }
}
