import {
  changedTexts,
  computeSnapshotId,
  judgeManifest,
  subtree as partOf,
  type ParsedSnapshot,
  type RuleText,
  type SavedSnapshot,
  type TreeOptions,
} from '@muse/snapshot';
import type { Problem } from '@muse/walker';
import { rootFailure } from './failures.js';
import { flagOf, treeOptions } from './shared-options.js';
import type { Reporter } from './terminal/reporter.js';
import { isWithin, type WorkingTree } from './working-tree.js';

/** A saved snapshot that is compared with a directory of today, by the same options and rules. */
export interface SavedSide {
  /** The directory that it is compared with: the part of the tree that both have, or that of another tree. */
  readonly now: WorkingTree;
  /** The options to look at it by. */
  readonly options: TreeOptions;
  /** The saved side before any rules of today are known. */
  readonly before: ParsedSnapshot;
  /** Returns the saved side as the rules of today judge it, where they are not those that it was taken by, and tells so. */
  readonly judged: (rules: readonly RuleText[]) => Promise<ParsedSnapshot>;
}

/** Makes a saved snapshot of the tree `of` comparable with a directory, and tells what was not asked for as it is. */
export function savedSide(
  saved: SavedSnapshot,
  of: WorkingTree,
  directory: WorkingTree,
  given: TreeOptions,
  reporter: Reporter,
): SavedSide {
  const options = optionsOf(saved, given, directory, reporter);
  const part = commonPart(saved, of, directory);
  if (part === undefined) {
    return { now: directory, options, before: saved, judged: () => Promise.resolve(saved) };
  }
  if (part !== directory.subtree) reporter.note(`only ${part} is compared: the snapshot holds nothing else`);
  const before = reRooted(saved, part);
  return {
    now: { ...directory, subtree: part },
    options,
    before,
    async judged(rules) {
      const changed = changedTexts(saved.rules, rules, part);
      const others = otherOptions(saved.options, options);
      if (changed.length === 0 && others.length === 0) return before;
      const what = others.length > 0 ? `options (${others.join(' ')})` : `rules (${listed(changed)})`;
      reporter.warn(`it was saved with other ${what}; both sides are judged by those of today`);
      try {
        const call = { ...options, subtree: part, logger: reporter };
        const manifest = await judgeManifest(directory.root, before.manifest, call);
        return { ...before, id: computeSnapshotId(manifest), manifest };
      } catch (error) {
        throw rootFailure('cannot judge the saved snapshot', error);
      }
    },
  };
}

/** The directory that a saved snapshot and a directory of the same tree have in common: the inner one of both. */
function commonPart(saved: SavedSnapshot, of: WorkingTree, tree: WorkingTree): string | undefined {
  if (of.root !== tree.root) return undefined;
  if (isWithin(tree.subtree, saved.subtree)) return tree.subtree;
  return isWithin(saved.subtree, tree.subtree) ? saved.subtree : undefined;
}

/** Returns what a saved snapshot says of a directory in it, with the id of that directory. */
function reRooted(saved: SavedSnapshot, directory: string): ParsedSnapshot {
  const path = directory.slice(saved.subtree === '' ? 0 : saved.subtree.length + 1);
  if (path === '') return saved;
  const manifest = partOf(saved.manifest, path);
  const problems = problemsIn(saved, path);
  return { id: computeSnapshotId(manifest), manifest, complete: problems.length === 0, problems };
}

function problemsIn({ problems }: SavedSnapshot, directory: string): Problem[] {
  return problems.flatMap((problem) => {
    const { path } = problem;
    if (path.startsWith(`${directory}/`)) return { ...problem, path: path.slice(directory.length + 1) };
    const isAbove = path === '' || path === directory || directory.startsWith(`${path}/`);
    return isAbove ? { ...problem, path: '' } : [];
  });
}

/** Returns the options that a saved snapshot was taken with, except where the command line says otherwise, and tells so. */
function optionsOf(
  saved: SavedSnapshot,
  given: TreeOptions,
  { defaults }: WorkingTree,
  reporter: Reporter,
): TreeOptions {
  const options: Partial<Record<keyof TreeOptions, unknown>> = { ...saved.options };
  const flags = Object.keys(saved.options).filter((name) => given[name as keyof TreeOptions] === undefined);
  const passedOver = Object.entries(defaults?.options ?? {})
    .filter(([name]) => given[name as keyof TreeOptions] === undefined)
    .filter(([name]) => valueOf(saved.options, name) !== valueOf(defaults?.options ?? {}, name));
  if (flags.length + passedOver.length > 0) {
    const names = flags.map(flagOf).join(' ') || 'none';
    const instead = passedOver.map(([name]) => ` ${flagOf(name)}`).join('');
    const without = instead === '' ? '' : `; not${instead} of ${defaults?.file ?? ''}`;
    reporter.note(`using the options that it was saved with: ${names}${without}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) options[name as keyof TreeOptions] = value;
  }
  return options as TreeOptions;
}

function otherOptions(before: TreeOptions, now: TreeOptions): string[] {
  return Object.keys(treeOptions)
    .filter((name) => valueOf(before, name) !== valueOf(now, name))
    .map(flagOf);
}

function valueOf(options: TreeOptions, name: string): string {
  const value = options[name as keyof TreeOptions];
  return JSON.stringify(value === undefined || value === false ? [] : value);
}

const MOST_NAMES = 3;

function listed(files: readonly string[]): string {
  return files.slice(0, MOST_NAMES).join(', ') + (files.length > MOST_NAMES ? ', …' : '');
}
