import { compareTreePaths, PathMap, PathSet } from '@muse/paths';
import type { Logger, ObjectId, StatCache } from '@muse/stat-cache';
import { isAtOrBelow } from './at-or-below.js';
import { isOfRules } from './is-of-rules.js';
import { Yielder } from './yielder.js';
import { diffSnapshots } from './diff-snapshots.js';
import { missingAmong } from './missing-paths.js';
import { NothingToCompareError } from './nothing-to-compare-error.js';
import { openReadOnly } from './read-only-context.js';
import { readSample } from './read-sample.js';
import { RuleTexts } from './rule-texts.js';
import type { Problem, Snapshot } from './types.js';
import { readAgain } from './verify-again.js';
import { Sample } from './verify-sample.js';
import { Comparison, compareWithCache, statField } from './verify-compare.js';
import type {
  ManifestVerification,
  MissingFile,
  Verification,
  VerifyManifestOptions,
  VerifyOptions,
} from './verify-types.js';

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
  const context = await openReadOnly(root, options);
  const { cache } = context;
  // The cache begins at the root, the answer at the subtree.
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const hasEntries = cache !== undefined && hasPathBelow(cache, prefix);
  const sample = new Sample(options);
  const isKnown = (path: string): boolean => cache?.has(path) === true;
  // Where there is nothing to compare with, one file is enough to see what else there is to say: it may be left out.
  const chosen = hasEntries ? sample : new Sample({ sample: 0 });
  const { taken, read } = await readSample(context, chosen, options, isKnown);
  if (!hasEntries) throw new NothingToCompareError(subtree || root);

  const comparison = new Comparison();
  const { suspects, unread } = await compareWithCache(
    cache,
    { taken, read },
    prefix,
    comparison,
    new Yielder(),
  );
  signal?.throwIfAborted();
  const again = await judgeAgain(context.root.root, suspects, { cache, comparison, logger, signal });
  const own = <T extends { readonly path: string }>(found: T): T => {
    return prefix === '' ? found : { ...found, path: found.path.slice(prefix.length) };
  };
  const problems = [...taken.problems, ...again.problems.map(own)];
  const unseen = new PathSet(
    problems.filter((each) => !isOfRules(each)).map(({ path }) => (path === '' ? subtree : prefix + path)),
  );
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
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const texts = new RuleTexts();
  const context = await openReadOnly(root, { ...options, cache: false }, texts.add.bind(texts));
  const sample = new Sample(options);
  const { taken } = await readSample(context, sample, options, (path) =>
    before.manifest.has(path.slice(prefix.length)),
  );
  const old = judged ? await judged(texts.list(context.root.root)) : before;
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
