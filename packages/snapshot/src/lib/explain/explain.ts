import { lstat } from 'node:fs/promises';
import { parseTreePath, statCachePath, toFsPath } from '@muse/paths';
import {
  blobId,
  StatCache,
  type DiscardReason,
  type FileCacheEntry,
  type FileStat,
  type MissReason,
  type ObjectId,
} from '@muse/stat-cache';
import { resolveRoot, type Problem } from '@muse/walker';
import type { IgnoreRule, IgnoreRules } from '@muse/walker/ignore';
import { problemOf, RESERVED_NAMES, whyLeftOut } from '@muse/walker/scan';
import { openRoot, type OpenedRoot } from '../take/root.js';
import type { SnapshotterOptions, TreeOptions } from '../types.js';
import { Descent, type SpecialFileKind } from './descent.js';

/** Options of {@link explain}: as for a snapshot, but the cache is only read. */
export type ExplainOptions = TreeOptions &
  Pick<SnapshotterOptions, 'cache' | 'ignore' | 'logger' | 'problems' | 'subtree'>;

/** The fate of a path in a snapshot taken now, and why. `at` is a tree path: the path itself, or one above it. */
export type Explanation =
  | FileExplanation
  /** A directory; it has no object id of its own. */
  | { readonly outcome: 'directory' }
  /** Left out by a rule that matches `at`. The rule is known unless the rules are the caller's own and do not tell it. */
  | { readonly outcome: 'ignored'; readonly at: string; readonly rule: IgnoreRule | undefined }
  /** Left out for its name, as every `.muse` and `.git` is. */
  | { readonly outcome: 'reserved'; readonly at: string }
  /** Left out, because `at` is neither a regular file nor a directory. */
  | { readonly outcome: 'special'; readonly at: string; readonly kind: SpecialFileKind }
  /** Left out, because another file system is mounted at `at`. */
  | { readonly outcome: 'outside'; readonly at: string }
  /** Missing from the snapshot, which would be incomplete: something cannot be listed, statted or opened. */
  | { readonly outcome: 'unreadable'; readonly problem: Problem }
  /** Not there: `at` is the first entry on the way that does not exist, or lies below a file. */
  | { readonly outcome: 'absent'; readonly at: string };

/** The fate of a regular file in a snapshot taken now: its object id comes from the cache, or it is read. */
export type FileExplanation =
  | { readonly outcome: 'hit'; readonly objectId: ObjectId }
  | FieldMiss
  | {
      readonly outcome: 'miss';
      /** The cache has no entry for the file. */
      readonly reason: 'new';
      /**
       * True if the file changed so shortly before the cache was last saved that it most likely was hashed then, and left
       * out as racy. This is a guess: nothing is stored of racy files.
       */
      readonly probablyRacy: boolean;
    }
  /** The cache was given by the caller, and the file had changed too recently when it was recorded. */
  | { readonly outcome: 'miss'; readonly reason: 'racy' }
  /** The cache could not be used, so that every file is read. */
  | { readonly outcome: 'miss'; readonly reason: 'cache-reset'; readonly discarded: DiscardReason };

/** The field of a stat in which a file differs from its cache entry. */
export type StatField = Exclude<MissReason, 'new' | 'racy' | 'cache-reset'>;

/** A file whose stat is not the one in the cache. */
export interface FieldMiss {
  readonly outcome: 'miss';
  /** The first field that differs. */
  readonly reason: StatField;
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
  /** Does what the function `explain` does; for a second path nothing is loaded again. */
  explain(path: string): Promise<Explanation>;
  /** The problems so far with rules that could have decided, such as those of strangers. */
  readonly problems: readonly Problem[];
}

/**
 * Explains what a snapshot taken now would make of a tree path, and why; `''` is the root. Reads no content, and
 * changes neither the cache nor anything below the root. Rejects as `openSnapshotter` does, with a `RangeError` when
 * the cache belongs to another root, and with a `SyntaxError` when the path is no tree path.
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
  const opened = await openRoot(await resolveRoot(root), options);
  // Where a cache was given, nobody knows when it was saved.
  const savedNs = options.cache === undefined ? await saveTime(opened.root.root) : undefined;
  const explainer = new RootExplainer(opened, options, savedNs);
  return {
    root: opened.root.root,
    explain: (path) => explainer.explain(path),
    get problems() {
      return [...explainer.problems.values()];
    },
  };
}

class RootExplainer {
  /** Problems with rules so far, by their text. */
  readonly problems = new Map<string, Problem>();
  readonly #opened: OpenedRoot;
  readonly #options: ExplainOptions;
  readonly #savedNs: bigint | undefined;

  constructor(opened: OpenedRoot, options: ExplainOptions, savedNs: bigint | undefined) {
    this.#opened = opened;
    this.#options = options;
    this.#savedNs = savedNs;
  }

  /** Goes down to a path as a scan would, and stops where the scan would. */
  async explain(path: string): Promise<Explanation> {
    if (path !== '') parseTreePath(path);
    const { root, ignore } = this.#opened;
    if (ignore?.rootRule) return { outcome: 'ignored', at: '', rule: ignore.rootRule };
    let descent;
    try {
      descent = new Descent(root);
    } catch (error) {
      return { outcome: 'unreadable', problem: problemOf('', 'readdir', error) };
    }
    try {
      const problem = await descent.whyUnreadable('', 'readdir');
      if (problem) return { outcome: 'unreadable', problem };
      let rules = await this.#rulesIn('', ignore);
      for (let end = path.indexOf('/'); path !== ''; end = path.indexOf('/', end + 1)) {
        const at = end < 0 ? path : path.slice(0, end);
        const explanation = await this.#explainEntry(descent, at, rules, at === path);
        if (explanation || end < 0) return explanation ?? { outcome: 'directory' };
        rules = await this.#rulesIn(at, rules);
      }
      return { outcome: 'directory' };
    } finally {
      descent.close();
    }
  }

  /** Returns the rules for what is in a directory. What is wrong with them is a problem there, and not of the path. */
  async #rulesIn(path: string, ignore: IgnoreRules | undefined): Promise<IgnoreRules | undefined> {
    const { root } = this.#opened.root;
    const entered = await ignore?.enter?.({ root, path, mayHold: () => true });
    for (const problem of entered?.problems ?? []) {
      const { path: file, message } = problem;
      const text =
        file === '' ? message : `Cannot read ignore rules from ${JSON.stringify(file)}: ${message}`;
      if (!this.problems.has(text)) this.#options.logger?.warn(text);
      this.problems.set(text, problem);
    }
    return entered?.rules ?? ignore;
  }

  /** Returns where a scan ends at this entry; `undefined` for a directory, in which it goes on. */
  async #explainEntry(
    descent: Descent,
    at: string,
    rules: IgnoreRules | undefined,
    isLast: boolean,
  ): Promise<Explanation | undefined> {
    const entry = await descent.lookAt(at);
    if (entry.type === 'absent') return { outcome: 'absent', at };
    if (RESERVED_NAMES.includes(at.slice(at.lastIndexOf('/') + 1))) return { outcome: 'reserved', at };
    if (entry.type === 'special') return { outcome: 'special', at, kind: entry.kind };
    // Below a file there is nothing, as the next step will see.
    if (entry.type === 'file' && !isLast) return undefined;
    const { oneFileSystem = false } = this.#options;
    const { root, cache } = this.#opened;
    const isElsewhere = oneFileSystem && entry.type === 'directory' && entry.stat?.dev !== root.dev;
    const why = whyLeftOut(rules, at, entry.type, entry.problem === undefined && isElsewhere);
    if (why === 'ignored')
      return { outcome: 'ignored', at, rule: rules?.explain?.(at, entry.type !== 'file') };
    if (entry.problem) return { outcome: 'unreadable', problem: entry.problem };
    if (why === 'other-device') return { outcome: 'outside', at };
    const explanation = entry.type === 'file' ? explainFile(at, entry.stat, cache, this.#savedNs) : undefined;
    if (explanation?.outcome === 'hit') return explanation;
    const problem = await descent.whyUnreadable(at, explanation ? 'open' : 'readdir');
    return problem ? { outcome: 'unreadable', problem } : explanation;
  }
}

async function saveTime(root: string): Promise<bigint | undefined> {
  try {
    return (await lstat(toFsPath(statCachePath(root)), { bigint: true })).mtimeNs;
  } catch {
    return undefined;
  }
}

/** Explains what a cache makes of a regular file. `savedNs` is when the cache was saved, if that is known. */
function explainFile(
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

const STAT_FIELDS: readonly (MissReason | undefined)[] = ['size', 'mtime', 'ctime', 'inode'];

/** Returns a reason for a miss if it is a field of the stat. */
export function statField(reason: MissReason | undefined): StatField | undefined {
  return STAT_FIELDS.includes(reason) ? (reason as StatField) : undefined;
}

/** Returns an entry. A cache gives its entries only all together; one of 75,000 takes some 0.1 s to be found. */
function entryOf(cache: StatCache, path: string): FileCacheEntry | undefined {
  for (const [known, entry] of cache.entries()) if (known === path) return entry;
  return undefined;
}

function values(
  field: StatField,
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

/** Returns whether a file with this stat would have been racy at the moment of the save, by the rule of trust itself. */
function wasRacy(path: string, stat: FileStat, savedNs: bigint | undefined): boolean {
  if (savedNs === undefined || stat.ctimeNs > savedNs) return false;
  const then = StatCache.empty();
  then.record(path, stat, blobId(new Uint8Array()), savedNs);
  return then.missReason(path, stat) === 'racy';
}
