import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareTreePaths, PathMap, PathSet } from '@muse/paths';
import type { FileCacheEntry, FileStat, Logger, ObjectId, StatCache } from '@muse/stat-cache';
import { resolveRoot } from '@muse/walker';
import { NothingToCompareError } from '../errors.js';
import { missingAmong, statField, type StatField } from '../explain/explain.js';
import { type DiffEntry, diffSnapshots, type ModifiedEntry, type RenamedEntry } from '../manifest/diff.js';
import { isAtOrBelow, prefixOf, unseenPaths } from '../manifest/manifest.js';
import { openRoot } from '../take/root.js';
import type { Problem, RuleText, Snapshot } from '../types.js';
import { readAgain, readSample, type ReadSample, Sample, type VerifyOptions } from './read.js';

/**
 * Reads every byte of a tree again, trusting no stat, and says which files are not what the cache has. It changes
 * neither the cache nor anything below the root. The bytes are those that the system gives: what a disk has lost shows
 * only once the system reads it from there, and not from memory.
 *
 * Rejects as `createSnapshot` does, with a `RangeError` when the cache belongs to another root, or the sample is no
 * share, and with a {@link NothingToCompareError} where the cache has none of the files.
 */
export async function verify(root: string, options: VerifyOptions = {}): Promise<Verification> {
  const { subtree = '', oneFileSystem = false, logger, signal } = options;
  signal?.throwIfAborted();
  // Before anything is read: what is saved while this runs is newer than what is compared.
  const context = await openRoot(await resolveRoot(root), options);
  const { cache } = context;
  // The cache begins at the root, the answer at the subtree.
  const prefix = prefixOf(subtree);
  const hasEntries = cache !== undefined && hasPathBelow(cache, prefix);
  const sample = new Sample(options);
  const isKnown = (path: string): boolean => cache?.has(path) === true;
  // Where there is nothing to compare with, one file is enough to see what else there is to say: it may be left out.
  const chosen = hasEntries ? sample : new Sample({ sample: 0 });
  const { taken, read } = await readSample(context, chosen, options, isKnown);
  if (!hasEntries) throw new NothingToCompareError(subtree || root);

  const comparison = new Comparison();
  const { suspects, unread } = await compareWithCache(cache, { taken, read }, prefix, comparison);
  signal?.throwIfAborted();
  const again = await judgeAgain(context.root.root, suspects, { cache, comparison, logger, signal });
  const own = <T extends { readonly path: string }>(found: T): T => {
    return prefix === '' ? found : { ...found, path: found.path.slice(prefix.length) };
  };
  const problems = [...taken.problems, ...again.problems.map(own)];
  const unseen = new PathSet();
  for (const path of unseenPaths(problems)) unseen.add(path === '' ? subtree : prefix + path);
  for (const path of unread.keys()) {
    if (sample.skipped.has(path) || isAtOrBelow(unseen, path)) unread.delete(path);
  }
  const judge = {
    ...context,
    cache: undefined,
    oneFileSystem,
    logger,
    problems: new Map(),
    savedNs: undefined,
  };
  const gone = await missingAmong(judge, unread.keys());
  for (const path of again.gone) gone.add(path);
  const missing: MissingFile[] = [];
  for (const [path, objectId] of [...unread, ...suspects])
    if (gone.has(path)) missing.push(own({ path, objectId }));

  for (const path of unseen) sample.skipped.delete(path);
  const files = taken.manifest.size - again.gone.length - again.problems.length;
  const uncached = files - comparison.known;
  if (uncached === files && missing.length === 0 && problems.length === 0) {
    throw new NothingToCompareError(subtree || root);
  }
  return {
    files,
    bytes: taken.stats.bytes,
    skipped: sample.skipped.size,
    seed: sample.seed,
    uncached,
    edited: comparison.edited.map(own).sort(byPath),
    touched: comparison.touched.map(own).sort(byPath),
    mismatch: comparison.mismatch.map(own).sort(byPath),
    missing: missing.sort(byPath),
    problems: problems.sort(byPath),
    complete: problems.length === 0,
  };
}

/**
 * Reads every byte of a tree again, trusting no stat, and says what differs from a snapshot of before. The paths of that
 * begin where those of the answer do: at the subtree, where one is named.
 *
 * Rejects as `createSnapshot` does, and with a `RangeError` when the sample is no share.
 */
export async function verifyManifest(
  root: string,
  before: Pick<Snapshot, 'manifest' | 'problems'>,
  options: VerifyManifestOptions = {},
): Promise<ManifestVerification> {
  const { subtree = '', judged, signal } = options;
  signal?.throwIfAborted();
  const prefix = prefixOf(subtree);
  const context = await openRoot(await resolveRoot(root), { ...options, cache: false });
  const sample = new Sample(options);
  const { taken } = await readSample(context, sample, options, (path) =>
    before.manifest.has(path.slice(prefix.length)),
  );
  const old = judged ? await judged(context.texts.list(context.root.root)) : before;
  const manifest = new PathMap(old.manifest);
  for (const path of sample.skipped) manifest.delete(path.slice(prefix.length));
  const diff = diffSnapshots({ manifest, problems: old.problems }, taken);
  for (const { path } of taken.problems) sample.skipped.delete(prefix + path);
  return {
    files: taken.stats.files,
    bytes: taken.stats.bytes,
    skipped: sample.skipped.size,
    seed: sample.seed,
    changed: diff.modified,
    missing: diff.deleted,
    moved: diff.renamed,
    added: diff.added,
    unknown: diff.unknown,
    problems: taken.problems,
    complete: taken.complete,
  };
}

function hasPathBelow(cache: StatCache, prefix: string): boolean {
  for (const [path] of cache.entries()) if (path.startsWith(prefix)) return true;
  return false;
}

interface Judging {
  readonly cache: StatCache;
  readonly comparison: Comparison;
  readonly logger: Logger | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Reads each suspect once more, and lets that reading decide. Names those that could not be read any more. */
async function judgeAgain(
  root: string,
  suspects: ReadonlyMap<string, ObjectId>,
  { cache, comparison, logger, signal }: Judging,
): Promise<{ gone: string[]; problems: Problem[] }> {
  const problems: Problem[] = [];
  const gone: string[] = [];
  for await (const [path, reading] of readAgain(root, suspects.keys(), signal)) {
    if (reading === 'gone') {
      gone.push(path);
      continue;
    }
    if ('problem' in reading) {
      problems.push(reading.problem);
      continue;
    }
    const { objectId: after, stat } = reading.hashed;
    const before = suspects.get(path) ?? after;
    const reason = cache.missReason(path, stat);
    const field = statField(reason);
    if (field !== undefined) {
      comparison.addChanged(path, field, before, after);
    } else if (before === after) {
      comparison.unchanged++;
      logger?.warn(`Read other bytes of ${JSON.stringify(path)} the first time than the second`);
    } else if (reason === undefined) {
      comparison.mismatch.push({ path, before, after });
    }
  }
  return { gone, problems };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return compareTreePaths(a.path, b.path);
}

/** What a cache says of the files that were read. */
export class Comparison {
  readonly edited: EditedFile[] = [];
  readonly touched: TouchedFile[] = [];
  readonly mismatch: MismatchedFile[] = [];
  /** Files that are as the cache has them. */
  unchanged = 0;

  /** The files of which the cache claimed something. */
  get known(): number {
    return this.unchanged + this.edited.length + this.touched.length + this.mismatch.length;
  }

  /** Takes a file whose stat differs from its entry. */
  addChanged(path: string, field: StatField, before: ObjectId, after: ObjectId): void {
    if (before === after) this.touched.push({ path, field, objectId: after });
    else this.edited.push({ path, field, before, after });
  }
}

/** Files of a cache that a comparison cannot tell about yet, with the object id that the cache has. */
export interface Undecided {
  /** The bytes differ, though the stat, as far as is known, does not. */
  readonly suspects: Map<string, ObjectId>;
  /** Nothing was read of them. */
  readonly unread: Map<string, ObjectId>;
}

/** Entries between two turns of the event loop. */
const ENTRIES_A_TURN = 4096;

/** Compares what was read below a directory with a cache; `prefix` is the path of that directory and a slash, or `''`. */
export async function compareWithCache(
  cache: StatCache,
  { taken: { manifest }, read }: ReadSample,
  prefix: string,
  comparison: Comparison,
): Promise<Undecided> {
  const suspects = new PathMap<ObjectId>();
  const unread = new PathMap<ObjectId>();
  let entries = 0;
  for (const [path, entry] of cache.entries()) {
    if (++entries % ENTRIES_A_TURN === 0) await nextTurn();
    if (!path.startsWith(prefix)) continue;
    const objectId = manifest.get(path.slice(prefix.length));
    if (objectId === undefined) {
      unread.set(path, entry.objectId);
      continue;
    }
    const field = statField(read.missReason(path, statOf(entry)));
    if (field !== undefined) comparison.addChanged(path, field, entry.objectId, objectId);
    else if (entry.objectId === objectId) comparison.unchanged++;
    else suspects.set(path, entry.objectId);
  }
  return { suspects, unread };
}

/** The device is not among what is compared. An unknown ctime becomes one that no file has. */
function statOf({ size, mtimeNs, ctimeNs = -1n, ino }: FileCacheEntry): FileStat {
  return { size, mtimeNs, ctimeNs, ino, dev: 0n };
}

/** A file whose stat and bytes are not those that the cache has: it was edited since, and the next snapshot sees it. */
export interface EditedFile {
  /** Tree path. */
  readonly path: string;
  /** The first field that differs. */
  readonly field: StatField;
  /** The object id in the cache. */
  readonly before: ObjectId;
  /** The object id of the bytes that were read. */
  readonly after: ObjectId;
}

/** A file whose stat is not the one that the cache has, while its bytes are. */
export interface TouchedFile {
  /** Tree path. */
  readonly path: string;
  /** The first field that differs. */
  readonly field: StatField;
  readonly objectId: ObjectId;
}

/**
 * A file whose bytes are not those that the cache has, though nothing in its stat says so: the storage lost them, or
 * somebody wrote them in a way that the file system did not stamp. Snapshots go on giving it the object id `before`.
 */
export interface MismatchedFile {
  /** Tree path. */
  readonly path: string;
  /** The object id in the cache. */
  readonly before: ObjectId;
  /** The object id of the bytes that were read. */
  readonly after: ObjectId;
}

/** A file that is gone, and not merely left out or hidden. */
export interface MissingFile {
  /** Tree path. */
  readonly path: string;
  /** The object id that it had. */
  readonly objectId: ObjectId;
}

/** How a tree is verified beside a manifest. */
export interface VerifyManifestOptions extends Omit<VerifyOptions, 'cache'> {
  /**
   * Asked, once the tree was read, what to compare with, by the texts that the rules were made of. Default: the manifest
   * as it was given.
   */
  readonly judged?:
    ((rules: readonly RuleText[]) => Promise<Pick<Snapshot, 'manifest' | 'problems'>>) | undefined;
}

/** What was read, and what could not be. */
export interface VerifiedFiles {
  /** Files read and compared. */
  readonly files: number;
  /** Bytes of the files that were read. */
  readonly bytes: number;
  /** Files that are not in the sample. */
  readonly skipped: number;
  /** The seed that chose the sample. */
  readonly seed: number;
  /** What could not be listed or read, as in a snapshot. */
  readonly problems: readonly Problem[];
  /** True when `problems` is empty: every file of the tree, or of the sample, was read. */
  readonly complete: boolean;
}

/** What reading a tree again has shown; each list is in path order. */
export interface Verification extends VerifiedFiles {
  /** Files among `files` of which the cache claims nothing: they are not in it, or racy there. */
  readonly uncached: number;
  readonly edited: readonly EditedFile[];
  readonly touched: readonly TouchedFile[];
  /** Each was listed, read and compared a second time. */
  readonly mismatch: readonly MismatchedFile[];
  /** Files that the cache has, of a sample too: all were looked for. */
  readonly missing: readonly MissingFile[];
}

/** What reading a tree again has shown beside a manifest of before; each list is in path order. */
export interface ManifestVerification extends VerifiedFiles {
  /** Files with other bytes. */
  readonly changed: readonly ModifiedEntry[];
  /** Files that are not there any more. */
  readonly missing: readonly MissingFile[];
  /** Files that are found under another path. */
  readonly moved: readonly RenamedEntry[];
  /** Files that the manifest does not have. */
  readonly added: readonly DiffEntry[];
  /** Files that one side has and the other cannot vouch for: they are in no other list. */
  readonly unknown: readonly string[];
}
