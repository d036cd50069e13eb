import { lstat } from 'node:fs/promises';
import { parseTreePath, PathMap, PathSet, statCachePath, toFsPath } from '@muse/paths';
import {
  blobId,
  type DiscardReason,
  type FileCacheEntry,
  type FileStat,
  type Logger,
  type MissReason,
  type ObjectId,
  StatCache,
} from '@muse/stat-cache';
import { resolveRoot } from '@muse/walker';
import type { IgnoreRule, IgnoreRules } from '@muse/walker/ignore';
import { problemOf, RESERVED_NAMES } from '@muse/walker/scan';
import { Descent, type SpecialFileKind } from './look.js';
import { openRoot, type OpenedRoot } from '../take/root.js';
import type { Problem, SnapshotterOptions, TreeOptions } from '../types.js';

/**
 * Tells what a snapshot taken now would make of a tree path, and why; `''` is the root. It reads no content, and changes
 * neither the cache nor anything below the root. Rejects as `openSnapshotter` does, with a `RangeError` when the cache
 * belongs to another root, and with a `SyntaxError` when the path is no tree path.
 */
export async function explain(
  root: string,
  path: string,
  options: ExplainOptions = {},
): Promise<Explanation> {
  const explainer = await openExplainer(root, options);
  return explainer.explain(path);
}

/** Opens a root for any number of paths to be explained; see {@link explain}. */
export async function openExplainer(root: string, options: ExplainOptions = {}): Promise<Explainer> {
  const context = await openRoot(await resolveRoot(root), options);
  const judge: Judge = {
    ...context,
    oneFileSystem: options.oneFileSystem ?? false,
    logger: options.logger,
    problems: new Map(),
    // Where a cache was given, nobody knows when it was saved.
    savedNs: options.cache === undefined ? await saveTime(context.root.root) : undefined,
  };
  return {
    root: context.root.root,
    explain: (path) => explainPath(judge, path),
    get problems() {
      return [...judge.problems.values()];
    },
  };
}

/** What a path is judged by. */
export interface Judge extends OpenedRoot {
  readonly oneFileSystem: boolean;
  readonly logger: Logger | undefined;
  /** What was wrong with rules so far, by its text. */
  readonly problems: Map<string, Problem>;
  /** When the cache was saved, nanoseconds since the Unix epoch. */
  readonly savedNs: bigint | undefined;
}

async function explainPath(judge: Judge, path: string): Promise<Explanation> {
  if (path !== '') parseTreePath(path);
  return goDown(judge, path, (explanation) => Promise.resolve(explanation));
}

/** Tells of an entry of a directory; undefined is a directory. */
export type ExplainEntry = (path: string) => Promise<Explanation | undefined>;

/**
 * Goes down to a path as a scan would, stops where the scan would, and returns what `use` makes of that. Where it is a
 * directory, `use` may ask for what is in it.
 */
export async function goDown<T>(
  judge: Judge,
  path: string,
  use: (explanation: Explanation, inside: () => Promise<ExplainEntry>) => Promise<T>,
): Promise<T> {
  let { ignore } = judge;
  let descent: Descent | undefined;
  const step = (at: string, last: boolean): Promise<Explanation | undefined> =>
    descent ? explainStep({ ...judge, ignore }, descent, at, last) : Promise.resolve(undefined);
  const end = async (): Promise<Explanation> => {
    if (ignore?.rootRule) return { outcome: 'ignored', at: '', rule: ignore.rootRule };
    try {
      descent = new Descent(judge.root);
    } catch (error) {
      return { outcome: 'unreadable', problem: problemOf('', 'readdir', error) };
    }
    const problem = await descent.whyUnreadable('', 'readdir');
    if (problem) return { outcome: 'unreadable', problem };
    if (path === '') await rulesIn(judge, '');
    let directory = '';
    for (const at of fromTheTop(path)) {
      ignore = await rulesIn({ ...judge, ignore }, directory);
      const explanation = await step(at, at === path);
      if (explanation) return explanation;
      directory = at;
    }
    return { outcome: 'directory' };
  };
  try {
    return await use(await end(), async () => {
      ignore = await rulesIn({ ...judge, ignore }, path);
      return (entry) => step(entry, true);
    });
  } finally {
    descent?.close();
  }
}

/** Returns the rules for what is in a directory. What is wrong with them is a problem there, but not of this path. */
async function rulesIn(
  { ignore, root: { root }, problems, logger }: Judge,
  path: string,
): Promise<IgnoreRules | undefined> {
  const entered = await ignore?.enter?.({ root, path, mayHold: () => true });
  for (const problem of entered?.problems ?? []) {
    const { path: file, message } = problem;
    const text = file === '' ? message : `Cannot read ignore rules from ${JSON.stringify(file)}: ${message}`;
    if (!problems.has(text)) logger?.warn(text);
    problems.set(text, problem);
  }
  return entered?.rules ?? ignore;
}

/** Returns where the scan ends at this entry; `undefined` where it goes on to what is below. */
async function explainStep(
  judge: Judge,
  descent: Descent,
  at: string,
  last: boolean,
): Promise<Explanation | undefined> {
  const { ignore, oneFileSystem, cache, savedNs } = judge;
  const looked = await descent.lookAt(at);
  if (looked.is === 'absent') return { outcome: 'absent', at };
  if (isReserved(at)) return { outcome: 'reserved', at };
  if (looked.is === 'special') return { outcome: 'special', at, kind: looked.kind };
  if (looked.is === 'hidden') {
    // Where nobody knows what it is, the rules must leave it out as a file and as a directory.
    const { isDirectory } = looked;
    const may = isDirectory === undefined ? [false, true] : [isDirectory];
    if (ignore && may.every((directory) => ignore.ignores(at, directory))) {
      return { outcome: 'ignored', at, rule: ruleFor(ignore, at, isDirectory ?? true) };
    }
    return { outcome: 'unreadable', problem: looked.problem };
  }
  const directory = looked.is === 'directory';
  // Below a file there is nothing, as the next step will see.
  if (!directory && !last) return undefined;
  if (ignore?.ignores(at, directory)) return { outcome: 'ignored', at, rule: ruleFor(ignore, at, directory) };
  if (directory && oneFileSystem && looked.stat.dev !== judge.root.dev) return { outcome: 'outside', at };

  const explanation = directory ? undefined : explainFile(at, looked.stat, cache, savedNs);
  if (explanation?.outcome === 'hit') return explanation;
  const problem = await descent.whyUnreadable(at, directory ? 'readdir' : 'open');
  return problem ? { outcome: 'unreadable', problem } : explanation;
}

/** Yields each directory that leads to a path, and the path itself; nothing for the root. */
function* fromTheTop(path: string): Iterable<string> {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) yield path.slice(0, end);
  if (path !== '') yield path;
}

function isReserved(path: string): boolean {
  return RESERVED_NAMES.includes(path.slice(path.lastIndexOf('/') + 1));
}

function ruleFor(ignore: IgnoreRules, path: string, directory: boolean): IgnoreRule | undefined {
  return ignore.explain?.(path, directory);
}

async function saveTime(root: string): Promise<bigint | undefined> {
  try {
    return (await lstat(toFsPath(statCachePath(root)), { bigint: true })).mtimeNs;
  } catch {
    return undefined;
  }
}

/** By what a path is judged: as for a snapshot, but the cache is only read. */
export type ExplainOptions = TreeOptions &
  Pick<SnapshotterOptions, 'cache' | 'ignore' | 'logger' | 'problems' | 'subtree'>;

/** What a snapshot taken now would make of a path, and why. `at` is a tree path: the path itself, or one above it. */
export type Explanation =
  | FileExplanation
  /** A directory; it has no object id of its own. */
  | { readonly outcome: 'directory' }
  /** Left out by a rule that matches `at`. The rule is known unless the rules are the caller's own and do not tell it. */
  | { readonly outcome: 'ignored'; readonly at: string; readonly rule: IgnoreRule | undefined }
  /** Left out, because everything named like `at` is: `.muse` and `.git`. */
  | { readonly outcome: 'reserved'; readonly at: string }
  /** Left out, because `at` is neither a regular file nor a directory. */
  | { readonly outcome: 'special'; readonly at: string; readonly kind: SpecialFileKind }
  /** Left out, because another file system is mounted at `at`. */
  | { readonly outcome: 'outside'; readonly at: string }
  /** Missing in the snapshot, which would be incomplete: something cannot be listed, looked at or opened. */
  | { readonly outcome: 'unreadable'; readonly problem: Problem }
  /** Not there: `at` is the first entry on the way that does not exist, or lies below a file. */
  | { readonly outcome: 'absent'; readonly at: string };

/** What a snapshot taken now would do about a regular file: take its object id from the cache, or read it. */
export type FileExplanation =
  | { readonly outcome: 'hit'; readonly objectId: ObjectId }
  | FieldMiss
  | {
      readonly outcome: 'miss';
      /** The cache has no entry for the file. */
      readonly reason: 'new';
      /**
       * Whether it had changed so shortly before the cache was last saved that it most likely was hashed then, and left
       * out as racy. That is a guess: what is racy is not stored, and no trace of it is.
       */
      readonly probablyRacy: boolean;
    }
  /** The cache was given by the caller, and the file had changed too recently when it was recorded. */
  | { readonly outcome: 'miss'; readonly reason: 'racy' }
  /** The cache could not be used, so that every file is read. */
  | { readonly outcome: 'miss'; readonly reason: 'cache-reset'; readonly discarded: DiscardReason };

/** A file whose stat is not the one in the cache. */
export interface FieldMiss {
  readonly outcome: 'miss';
  /** The first field that differs. */
  readonly reason: 'size' | 'mtime' | 'ctime' | 'inode';
  /**
   * The field in the cache: bytes, nanoseconds since the Unix epoch, or an inode number. `undefined` for a ctime that
   * the writer of the cache did not record.
   */
  readonly before: bigint | undefined;
  /** The field now. */
  readonly after: bigint;
}

/** Explains paths of one root by the rules and the cache that were there when it was opened. */
export interface Explainer {
  /** The root with its symbolic links resolved. */
  readonly root: string;
  /** As the function `explain`; for a second path nothing is loaded again. */
  explain(path: string): Promise<Explanation>;
  /** What was wrong with rules that could have decided about a path so far, such as those of strangers. */
  readonly problems: readonly Problem[];
}

/** The field of a stat in which a file differs from its cache entry. */
export type StatField = Exclude<MissReason, 'new' | 'racy' | 'cache-reset'>;

const STAT_FIELDS: readonly (MissReason | undefined)[] = ['size', 'mtime', 'ctime', 'inode'];

/** Returns a reason for a miss where it is a field of the stat. */
export function statField(reason: MissReason | undefined): StatField | undefined {
  return STAT_FIELDS.includes(reason) ? (reason as StatField) : undefined;
}

/** Tells what a cache makes of a regular file. `savedNs` is when the cache was saved, if that is known. */
export function explainFile(
  path: string,
  stat: FileStat,
  cache: StatCache | undefined,
  savedNs: bigint | undefined,
): FileExplanation {
  const objectId = cache?.lookup(path, stat);
  if (objectId !== undefined) return { outcome: 'hit', objectId };
  const reason = cache?.missReason(path, stat);
  if (reason === 'racy') return { outcome: 'miss', reason };
  if (reason === 'cache-reset' && cache?.discarded !== undefined) {
    return { outcome: 'miss', reason, discarded: cache.discarded };
  }
  const field = statField(reason);
  const entry = cache && field && entryOf(cache, path);
  if (field && entry) return { outcome: 'miss', reason: field, ...values(field, entry, stat) };
  return { outcome: 'miss', reason: 'new', probablyRacy: wasRacy(path, stat, savedNs) };
}

/** A cache gives its entries only all together; one of 75,000 takes some 0.1 s to be found. */
function entryOf(cache: StatCache, path: string): FileCacheEntry | undefined {
  for (const [known, entry] of cache.entries()) if (known === path) return entry;
  return undefined;
}

function values(
  field: FieldMiss['reason'],
  entry: FileCacheEntry,
  stat: FileStat,
): Pick<FieldMiss, 'before' | 'after'> {
  switch (field) {
    case 'size':
      return { before: entry.size, after: stat.size };
    case 'mtime':
      return { before: entry.mtimeNs, after: stat.mtimeNs };
    case 'ctime':
      return { before: entry.ctimeNs, after: stat.ctimeNs };
    case 'inode':
      return { before: entry.ino, after: BigInt.asUintN(64, stat.ino) };
  }
}

/** Asks the rule of trust itself: would a file with this stat have been racy at the moment of the save? */
function wasRacy(path: string, stat: FileStat, savedNs: bigint | undefined): boolean {
  if (savedNs === undefined || stat.ctimeNs > savedNs) return false;
  const then = StatCache.empty();
  then.record(path, stat, blobId(new Uint8Array()), savedNs);
  return then.missReason(path, stat) === 'racy';
}

/**
 * Tells which of some paths, which a snapshot has just not found, are gone: not those that are left out, and not those
 * that cannot be seen.
 */
export async function missingAmong(judge: Judge, paths: Iterable<string>): Promise<Set<string>> {
  const missing = new PathSet();
  for (const [directory, files] of byDirectory(paths)) {
    await goDown(judge, directory, async ({ outcome }, inside) => {
      const explain = outcome === 'directory' ? await inside() : undefined;
      // Below what is a file by now, there is nothing.
      const isGone = outcome === 'hit' || outcome === 'miss' || isNoFile(outcome);
      for (const path of files) {
        if (explain ? isNoFile((await explain(path))?.outcome) : isGone) missing.add(path);
      }
    });
  }
  return missing;
}

function isNoFile(outcome: Explanation['outcome'] | undefined): boolean {
  return outcome === 'absent' || outcome === 'special' || outcome === 'directory' || outcome === undefined;
}

/** Groups paths by the directory that they are in, so that it is listed once for all of them. */
export function byDirectory(paths: Iterable<string>): Map<string, string[]> {
  const groups = new PathMap<string[]>();
  for (const path of paths) {
    const directory = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const group = groups.get(directory);
    if (group) group.push(path);
    else groups.set(directory, [path]);
  }
  return groups;
}
