import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareTreePaths, PathMap, sortTreePaths } from '@muse/paths';
import type { FileCacheEntry, FileStat, ObjectId, StatCache } from '@muse/stat-cache';
import { resolveRoot, type Problem } from '@muse/walker';
import { NothingToCompareError } from '../errors.js';
import { statField, type StatField } from '../explain/explain.js';
import { diffSnapshots } from '../manifest/diff.js';
import { isAtOrBelow, prefixOf, unseenPaths } from '../manifest/manifest.js';
import { openRoot, type OpenedRoot } from '../take/root.js';
import type { DiffEntry, ModifiedEntry, RenamedEntry, RuleText, Snapshot, SnapshotDiff } from '../types.js';
import { missingAmong, readAgain, readSample, Sample, type Reading, type VerifyOptions } from './read.js';

/**
 * Reads every byte of a tree again, trusting no stat, and returns which files differ from the cache. Changes neither
 * the cache nor anything below the root. The bytes are those that the system returns: what a disk has lost shows only
 * once the system reads from the disk, and not from memory.
 *
 * Rejects as `createSnapshot` does, with a `RangeError` when the cache belongs to another root or the sample is no
 * share, and with a {@link NothingToCompareError} when the cache has none of the files.
 */
export async function verify(root: string, options: VerifyOptions = {}): Promise<Verification> {
  const { subtree = '', signal } = options;
  signal?.throwIfAborted();
  // Before anything is read: what is saved meanwhile is newer than what is compared.
  const opened = await openRoot(await resolveRoot(root), options);
  const { cache } = opened;
  // Paths in the cache begin at the root, those in the answer at the subtree.
  const prefix = prefixOf(subtree);
  const hasEntries = cache !== undefined && hasPathBelow(cache, prefix);
  const sample = new Sample(options);
  const isKnown = (path: string) => cache?.has(path) === true;
  // With nothing to compare, one file is enough to see what else there is to say: it may be left out.
  const chosen = hasEntries ? sample : new Sample({ sample: 0 });
  const { taken, read } = await readSample(opened, chosen, options, isKnown);
  if (!hasEntries) throw new NothingToCompareError(subtree || root, 'cache');

  const comparison = new Comparison(cache);
  const { suspects, unread } = await comparison.compare({ taken, read }, prefix);
  signal?.throwIfAborted();
  const again = await comparison.decide(opened, suspects, options);

  const problems = [...taken.problems, ...again.problems];
  const unseen = unseenPaths(problems);
  for (const path of unread.keys()) {
    if (sample.unsampled.has(path) || isAtOrBelow(unseen, path.slice(prefix.length))) unread.delete(path);
  }
  const missing = [...again.gone];
  for (const path of await missingAmong(opened, unread.keys(), signal)) missing.push(path);

  const files = taken.manifest.size - suspects.size + again.files;
  const uncached = files - comparison.known;
  if (uncached === files && missing.length === 0 && problems.length === 0)
    throw new NothingToCompareError(subtree || root, 'cache');
  for (const path of unseen) sample.unsampled.delete(prefix + path);
  const own = <T extends { readonly path: string }>(found: readonly T[]): T[] =>
    found.map((each) => ({ ...each, path: each.path.slice(prefix.length) })).sort(byPath);
  return {
    files,
    bytes: taken.stats.bytes,
    skipped: sample.unsampled.size,
    seed: sample.seed,
    uncached,
    edited: own(comparison.edited),
    touched: own(comparison.touched),
    mismatch: own(comparison.mismatch),
    missing: own(missing.map((path) => ({ path, objectId: idIn(path, unread, suspects) }))),
    problems: problems.sort(byPath),
    complete: problems.length === 0,
  };
}

/**
 * Reads every byte of a tree again, trusting no stat, and returns what differs from an earlier snapshot. Paths in that
 * snapshot begin where those in the answer do: at the subtree, where one is named.
 *
 * Rejects as `createSnapshot` does, with a `RangeError` when the sample is no share, and with a
 * {@link NothingToCompareError} when the snapshot has neither a file nor a problem.
 */
export async function verifyManifest(
  root: string,
  before: Pick<Snapshot, 'manifest' | 'problems'>,
  options: VerifyManifestOptions = {},
): Promise<ManifestVerification> {
  const { subtree = '', judged, signal } = options;
  signal?.throwIfAborted();
  const prefix = prefixOf(subtree);
  const opened = await openRoot(await resolveRoot(root), { ...options, cache: false });
  const sample = new Sample(options);
  const { taken } = await readSample(opened, sample, options, (path) =>
    before.manifest.has(path.slice(prefix.length)),
  );
  const old = judged ? await judged(opened.texts.list(opened.root.root)) : before;
  if (old.manifest.size + old.problems.length === 0) {
    throw new NothingToCompareError(subtree || root, 'manifest');
  }
  const manifest = new PathMap(old.manifest);
  for (const path of sample.unsampled) manifest.delete(path.slice(prefix.length));
  const side = { manifest, problems: old.problems };
  let diff = diffSnapshots(side, taken);
  const unread = await unreadAmong(opened, diff, prefix, signal);
  for (const path of unread) manifest.delete(path);
  if (unread.length > 0) diff = diffSnapshots(side, taken);
  for (const { path } of taken.problems) sample.unsampled.delete(prefix + path);
  return {
    files: taken.stats.files,
    bytes: taken.stats.bytes,
    skipped: sample.unsampled.size,
    seed: sample.seed,
    changed: diff.modified,
    missing: diff.deleted,
    moved: diff.renamed,
    added: diff.added,
    unknown: diff.unknown,
    unread,
    problems: taken.problems,
    complete: taken.complete && unread.length === 0,
  };
}

/** Returns which of the files that a difference has for gone are there, and were only not read, in path order. */
async function unreadAmong(
  opened: OpenedRoot,
  { deleted, renamed }: SnapshotDiff,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const gone = [...deleted.map(({ path }) => path), ...renamed.map(({ from }) => from)];
  const missing = await missingAmong(
    opened,
    gone.map((path) => prefix + path),
    signal,
  );
  return sortTreePaths(gone.filter((path) => !missing.has(prefix + path)));
}

/** Entries between two turns of the event loop. */
const ENTRIES_A_TURN = 4096;

/** Compares the entries of a cache with what was read. */
class Comparison {
  readonly edited: EditedFile[] = [];
  readonly touched: TouchedFile[] = [];
  readonly mismatch: MismatchedFile[] = [];
  readonly #cache: StatCache;
  #unchanged = 0;

  constructor(cache: StatCache) {
    this.#cache = cache;
  }

  /** Files read for which the cache claims something. */
  get known(): number {
    return this.#unchanged + this.edited.length + this.touched.length + this.mismatch.length;
  }

  /** Compares what was read below a directory, and returns the entries, with their object ids, that it cannot decide. */
  async compare(
    { taken: { manifest }, read }: Reading,
    prefix: string,
  ): Promise<{
    /** The bytes differ, and the stat does not. */
    readonly suspects: Map<string, ObjectId>;
    readonly unread: Map<string, ObjectId>;
  }> {
    const suspects = new PathMap<ObjectId>();
    const unread = new PathMap<ObjectId>();
    let entries = 0;
    for (const [path, entry] of this.#cache.entries()) {
      if (++entries % ENTRIES_A_TURN === 0) await nextTurn();
      if (!path.startsWith(prefix)) continue;
      const objectId = manifest.get(path.slice(prefix.length));
      const field = statField(read.missReason(path, statOf(entry)));
      if (objectId === undefined) unread.set(path, entry.objectId);
      else if (field !== undefined) this.#addChanged(path, field, entry.objectId, objectId);
      else if (entry.objectId === objectId) this.#unchanged++;
      else suspects.set(path, entry.objectId);
    }
    return { suspects, unread };
  }

  /**
   * Reads the suspects a second time, and lets that reading decide. Returns what became of those that it could not
   * read.
   */
  async decide(
    opened: OpenedRoot,
    suspects: ReadonlyMap<string, ObjectId>,
    options: VerifyOptions,
  ): Promise<{ readonly files: number; readonly gone: string[]; readonly problems: readonly Problem[] }> {
    if (suspects.size === 0) return { files: 0, gone: [], problems: [] };
    const { taken, read } = await readAgain(opened, suspects.keys(), options);
    for (const [path, entry] of read.entries()) {
      const before = idIn(path, suspects);
      const after = entry.objectId;
      const reason = this.#cache.missReason(path, statOf(entry));
      const field = statField(reason);
      if (field !== undefined) {
        this.#addChanged(path, field, before, after);
      } else if (before === after) {
        this.#unchanged++;
        options.logger?.warn(`Read other bytes of ${JSON.stringify(path)} the first time than the second`);
      } else if (reason === undefined) {
        this.mismatch.push({ path, before, after });
      }
    }
    const unseen = unseenPaths(taken.problems);
    const { length } = prefixOf(options.subtree ?? '');
    const gone = [...suspects.keys()].filter((path) => {
      const own = path.slice(length);
      return !taken.manifest.has(own) && !isAtOrBelow(unseen, own);
    });
    // Those of the rules were named by the first reading.
    const problems = taken.problems.filter(({ path }) => unseen.has(path));
    return { files: taken.manifest.size, gone, problems };
  }

  #addChanged(path: string, field: StatField, before: ObjectId, after: ObjectId): void {
    if (before === after) this.touched.push({ path, field, objectId: after });
    else this.edited.push({ path, field, before, after });
  }
}

function hasPathBelow(cache: StatCache, prefix: string): boolean {
  for (const [path] of cache.entries()) if (path.startsWith(prefix)) return true;
  return false;
}

/**
 * Returns the stat of an entry. The device is not among what is compared; an unknown ctime becomes one that no file
 * has.
 */
function statOf({ size, mtimeNs, ctimeNs = -1n, ino }: FileCacheEntry): FileStat {
  return { size, mtimeNs, ctimeNs, ino, dev: 0n };
}

function idIn(path: string, ...maps: readonly ReadonlyMap<string, ObjectId>[]): ObjectId {
  for (const map of maps) {
    const id = map.get(path);
    if (id !== undefined) return id;
  }
  throw new Error(`Broken verification: ${JSON.stringify(path)} was not asked for`);
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return compareTreePaths(a.path, b.path);
}

/** A file whose stat and bytes both differ from the cache: it was edited since, and the next snapshot will see it. */
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

/** A file whose stat differs from the cache, while its bytes are the same. */
export interface TouchedFile {
  /** Tree path. */
  readonly path: string;
  /** The first field that differs. */
  readonly field: StatField;
  readonly objectId: ObjectId;
}

/**
 * A file whose bytes differ from the cache, although its stat does not: the storage lost them, or somebody wrote them
 * in a way that the file system did not stamp. Snapshots keep giving it the object id `before`.
 */
export interface MismatchedFile {
  /** Tree path. */
  readonly path: string;
  /** The object id in the cache. */
  readonly before: ObjectId;
  /** The object id of the bytes that were read. */
  readonly after: ObjectId;
}

/** A file that is gone, rather than left out or unreadable. */
export interface MissingFile {
  /** Tree path. */
  readonly path: string;
  /** The object id that it had. */
  readonly objectId: ObjectId;
}

/** Options of {@link verifyManifest}. */
export interface VerifyManifestOptions extends Omit<VerifyOptions, 'cache'> {
  /**
   * Called once the tree was read, with the texts of its rules; returns what to compare with. Default: the manifest as
   * it was given.
   */
  readonly judged?:
    ((rules: readonly RuleText[]) => Promise<Pick<Snapshot, 'manifest' | 'problems'>>) | undefined;
}

/** The files that were read, and those that could not be. */
export interface VerifiedFiles {
  /** Files read and compared. */
  readonly files: number;
  /** Bytes of the files that were read. */
  readonly bytes: number;
  /** Files that are not in the sample. */
  readonly skipped: number;
  /** The seed that chose the sample. */
  readonly seed: number;
  /** The files and directories that could not be listed or read, as in a snapshot. */
  readonly problems: readonly Problem[];
  /** True when `problems` is empty: every file of the tree, or of the sample, was read. */
  readonly complete: boolean;
}

/** The result of {@link verify}; each list is in path order. */
export interface Verification extends VerifiedFiles {
  /** Files among `files` for which the cache claims nothing: they are not in it, or racy there. */
  readonly uncached: number;
  readonly edited: readonly EditedFile[];
  readonly touched: readonly TouchedFile[];
  /** Each was listed, read and compared a second time. */
  readonly mismatch: readonly MismatchedFile[];
  /** Files that the cache has. All were looked for, even for a sample. */
  readonly missing: readonly MissingFile[];
}

/** The result of {@link verifyManifest}; each list is in path order. */
export interface ManifestVerification extends VerifiedFiles {
  /** Files with other bytes. */
  readonly changed: readonly ModifiedEntry[];
  /** Files that are no longer there. */
  readonly missing: readonly MissingFile[];
  /** Files that are found under another path. */
  readonly moved: readonly RenamedEntry[];
  /** Files that the manifest does not have. */
  readonly added: readonly DiffEntry[];
  /** Files that one side has and the other cannot vouch for. They are in no other list. */
  readonly unknown: readonly string[];
  /**
   * Files of the manifest that were not read because a rule or `oneFileSystem` leaves them out. They are in no other
   * list.
   */
  readonly unread: readonly string[];
  /** True when `problems` and `unread` are empty. */
  readonly complete: boolean;
}
