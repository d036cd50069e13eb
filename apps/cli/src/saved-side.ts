import {
  changedTexts,
  computeSnapshotId,
  judgeManifest,
  subtree as partOf,
  type ParsedSnapshot,
  type SavedSnapshot,
  type Snapshot,
  type TreeOptions,
} from '@muse/snapshot';
import type { Problem } from '@muse/walker';
import { rootFailure } from './failures.js';
import { treeOptions } from './shared-options.js';
import type { Reporter } from './terminal/reporter.js';
import type { WorkingTree } from './working-tree.js';

/** The directory that a saved snapshot and a directory of the same tree have in common: the inner one of both. */
export function commonPart(saved: SavedSnapshot, of: WorkingTree, tree: WorkingTree): string | undefined {
  if (of.root !== tree.root) return undefined;
  if (isWithin(tree.subtree, saved.subtree)) return tree.subtree;
  return isWithin(saved.subtree, tree.subtree) ? saved.subtree : undefined;
}

export function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** Returns what a saved snapshot says of a directory in it, with the id of that directory. */
export function reRooted(saved: SavedSnapshot, directory: string): ParsedSnapshot {
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

/** Returns the name of a tree option, as it is typed. */
function flagOf(name: string): string {
  return treeOptions[name as keyof TreeOptions].syntax.split(' ', 1)[0] ?? name;
}

/** Returns the options that a saved snapshot was taken with, except where the command line says otherwise, and tells so. */
export function optionsOf(saved: SavedSnapshot, told: TreeOptions, reporter: Reporter): TreeOptions {
  const options: Partial<Record<keyof TreeOptions, unknown>> = { ...saved.options };
  const flags = Object.keys(saved.options).filter((name) => told[name as keyof TreeOptions] === undefined);
  if (flags.length > 0) {
    reporter.note(`using the options that it was saved with: ${flags.map(flagOf).join(' ')}`);
  }
  for (const [name, value] of Object.entries(told)) {
    if (value !== undefined) options[name as keyof TreeOptions] = value;
  }
  return options as TreeOptions;
}

/**
 * Returns a saved side as the rules of today judge it, where they are not those that it was taken by, and tells so. `part`
 * is the directory that it begins at.
 */
export async function judgedAlike(
  before: ParsedSnapshot,
  saved: SavedSnapshot,
  now: Pick<Snapshot, 'rules'>,
  {
    root,
    part,
    options,
    reporter,
  }: {
    readonly root: string;
    readonly part: string;
    readonly options: TreeOptions;
    readonly reporter: Reporter;
  },
): Promise<ParsedSnapshot> {
  const changed = changedTexts(saved.rules, now.rules ?? [], part);
  const others = otherOptions(saved.options, options);
  if (changed.length === 0 && others.length === 0) return before;
  const what = others.length > 0 ? `other options (${others.join(' ')})` : `other rules (${listed(changed)})`;
  reporter.warn(`it was saved with ${what}; both sides are judged by those of today`);
  try {
    const manifest = await judgeManifest(root, before.manifest, {
      ...options,
      subtree: part,
      logger: reporter,
    });
    return { ...before, id: computeSnapshotId(manifest), manifest };
  } catch (error) {
    throw rootFailure('cannot judge the saved snapshot', error);
  }
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
