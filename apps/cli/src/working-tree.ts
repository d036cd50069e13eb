import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findRoot, relativeTreePath, toFsPath, treePathFromBytes } from '@muse/paths';
import {
  createSnapshot,
  loadTreeDefaults,
  type Snapshot,
  type SnapshotCall,
  type SnapshotterOptions,
  type TreeDefaults,
  type TreeOptions,
} from '@muse/snapshot';
import type { Logger } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { checkMuseOwner } from '@muse/walker/ignore';
import { errorCode, systemFailure } from './errors.js';
import { rootFailure, throwIfUnlisted } from './failures.js';
import type { Reporter } from './terminal/reporter.js';
import { temporaryFiles } from './terminal/temporary-files.js';
import { MANY_FILES, tuneV8 } from './tune-v8.js';

/** A directory that was named, and the working tree that it belongs to. */
export interface WorkingTree {
  /** The name as it was typed. */
  readonly name: string;
  /**
   * The native path of the directory that is snapshotted, or of one above it that has a `.muse`; its links are resolved,
   * unless the directory could not be reached.
   */
  readonly root: string;
  /** The tree path of the named directory below it; `''` where it is the root itself. */
  readonly subtree: string;
  /** True if there is a `.muse` to keep things in. */
  readonly hasMuse: boolean;
  /** Each `.muse`, at the directory or above it, and settings in one, that do not count because they belong to a stranger. */
  readonly strangers: readonly Problem[];
  /** The options in `.muse/snapshot.toml`, if there is one. */
  readonly defaults?: TreeDefaults | undefined;
  /** The system's error if the directory could not be reached. */
  readonly error?: unknown;
}

/**
 * Finds the working tree that a directory belongs to: its own where it has a `.muse`, else that of the nearest directory
 * above which has one, else the directory alone. Links are resolved first, so that where a directory is decides, not how
 * it was reached. A directory that does not exist is left to whoever opens it.
 *
 * Whoever can write into a directory above, such as `/tmp`, could put a `.muse` there whose cache and rules say what he
 * likes. One of a stranger is passed over, and told of.
 */
export async function findWorkingTree(
  name: string,
  { trustOwners }: Pick<TreeOptions, 'trustOwners'> = {},
): Promise<WorkingTree> {
  let real: string;
  try {
    real = treePathFromBytes(await realpath(toFsPath(name), 'buffer'));
  } catch (error) {
    return { name, root: name, subtree: '', hasMuse: false, strangers: [], error };
  }
  return findTreeOf(name, real, { trustOwners });
}

/** Does what {@link findWorkingTree} does for a directory that is there, by its path as it is written. */
export async function findTreeOf(
  name: string,
  real: string,
  { trustOwners }: Pick<TreeOptions, 'trustOwners'>,
): Promise<WorkingTree> {
  const strangers: Problem[] = [];
  const alone = { name, root: real, subtree: '', hasMuse: false, strangers };
  for (let from = real; ; from = dirname(from)) {
    const root = await rootAbove(from, name);
    if (root === undefined) return alone;
    const subtree = relativeTreePath(root, real);
    const stranger = await checkMuseOwner(root, { subtree, trustOwners });
    if (!stranger) {
      const defaults = await defaultsOf(root, { subtree, trustOwners });
      if (defaults?.problem) strangers.push(defaults.problem);
      return { name, root, subtree, hasMuse: true, strangers, defaults };
    }
    strangers.push(stranger);
    if (root === dirname(root)) return alone;
    from = root;
  }
}

async function defaultsOf(
  root: string,
  options: Parameters<typeof loadTreeDefaults>[1],
): Promise<TreeDefaults | undefined> {
  try {
    return await loadTreeDefaults(root, options);
  } catch (error) {
    throw rootFailure(`cannot read the settings of ${root}`, error);
  }
}

/**
 * Returns the options that a tree is looked at by: those that were given, and of all others its own. Where `noIgnore` is
 * given, patterns of its own do not count either: whoever asks for that wants nothing in the tree to leave anything out.
 */
export function optionsFor({ defaults }: WorkingTree, given: TreeOptions): TreeOptions {
  const options: Record<string, unknown> = { ...defaults?.options };
  if (given.noIgnore === true) delete options['exclude'];
  for (const [name, value] of Object.entries(given)) if (value !== undefined) options[name] = value;
  return options;
}

/** A directory that may not be entered is no root of anything that can be reached: the search goes on above it. */
async function rootAbove(file: string, name: string): Promise<string | undefined> {
  for (let from = file; ; from = dirname(from)) {
    try {
      return await findRoot(from);
    } catch (error) {
      if (errorCode(error) === 'EACCES' && from !== dirname(from)) continue;
      throw systemFailure(`cannot look for .muse above ${name}`, error);
    }
  }
}

/** Returns whether a tree path is that of a directory, or below it. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** Tells of each `.muse` that is passed over, where no snapshot is taken that it is a problem of. */
export function warnOfStrangers({ strangers }: WorkingTree, logger: Logger): void {
  for (const { message } of strangers) logger.warn(message);
}

/** Returns the options by which a snapshot or a verification tells what it does. */
export function reportingTo(
  reporter: Reporter,
): Pick<SnapshotterOptions & SnapshotCall, 'logger' | 'onProgress' | 'temporaryFiles'> {
  return {
    logger: reporter,
    onProgress: (progress) => {
      if (progress.files > MANY_FILES) tuneV8();
      reporter.progress(progress);
    },
    temporaryFiles,
  };
}

/** Takes a snapshot of a tree, or of the part of it that was named; rejects where not even its root could be listed. */
export async function takeSnapshot(
  { name, root, subtree, strangers }: WorkingTree,
  options: TreeOptions &
    Pick<SnapshotterOptions, 'cache' | 'threads'> &
    Pick<SnapshotCall, 'deferManifest' | 'sizes'>,
  reporter: Reporter,
): Promise<Snapshot> {
  let taken: Snapshot;
  try {
    taken = await createSnapshot(root, {
      ...options,
      ...reportingTo(reporter),
      subtree,
      problems: strangers,
    });
  } catch (error) {
    throw rootFailure(`cannot take a snapshot of ${name}`, error);
  }
  throwIfUnlisted(`cannot list ${name}`, taken.problems);
  return taken;
}
