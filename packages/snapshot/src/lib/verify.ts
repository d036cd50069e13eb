import { compareTreePaths } from '@muse/paths';
import { StatCache, type Logger, type ObjectId } from '@muse/stat-cache';
import { Breather } from './breather.js';
import { createSnapshot } from './create-snapshot.js';
import type { Manifest, Problem, Progress } from './types.js';
import { readAgain } from './verify-again.js';
import { Comparison, compareWithCache, statField } from './verify-compare.js';
import { openReadOnly } from './read-only-context.js';
import { Sample } from './verify-sample.js';
import type { Verification, VerifyOptions } from './verify-types.js';

/**
 * Reads every byte of a tree again, trusting no stat, and says which files are not what the cache has. It changes
 * neither the cache nor anything below the root. The bytes are those that the system gives: what a disk has lost shows
 * only once the system reads it from there, and not from memory.
 *
 * Rejects as `createSnapshot` does, and with a `RangeError` when the cache belongs to another root, or the sample is no
 * share.
 */
export async function verify(root: string, options: VerifyOptions = {}): Promise<Verification> {
  const { subtree = '', threads, oneFileSystem, logger, signal, onProgress } = options;
  signal?.throwIfAborted();
  // Before anything is read: what is saved while this runs is newer than what is compared.
  const context = await openReadOnly(root, options);
  const sample = new Sample(options);
  // A snapshot that knows nothing must read everything, and what it notes down on the way is what was read.
  const read = StatCache.empty();
  const { manifest, problems, stats } = await createSnapshot(context.root.root, {
    subtree,
    cache: read,
    ignore: sample.over(context.ignore),
    threads,
    oneFileSystem,
    logger,
    signal,
    onProgress: onProgress && exceptSaving(onProgress),
  });
  const comparison = new Comparison();
  const { cache } = context;
  // The cache begins at the root, the answer at the subtree.
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const tree = { manifest: withPrefix(prefix, manifest), read };
  const suspects = cache && (await compareWithCache(cache, tree, comparison, new Breather()));
  signal?.throwIfAborted();
  const again =
    suspects && (await judgeAgain(context.root.root, suspects, { cache, comparison, logger, signal }));

  const own = <T extends { readonly path: string }>(found: T): T => {
    return prefix === '' ? found : { ...found, path: found.path.slice(prefix.length) };
  };
  const all = [...problems, ...(again?.problems ?? []).map(own)];
  for (const { path } of all) sample.skipped.delete(prefix + path);
  const files = manifest.size - (again?.lost ?? 0);
  return {
    files,
    bytes: stats.bytes,
    skipped: sample.skipped.size,
    seed: sample.seed,
    unknown: files - comparison.known,
    edited: comparison.edited.map(own).sort(byPath),
    touched: comparison.touched.map(own).sort(byPath),
    mismatch: comparison.mismatch.map(own).sort(byPath),
    problems: all.sort(byPath),
    complete: all.length === 0,
  };
}

function withPrefix(prefix: string, manifest: Manifest): Manifest {
  return prefix === '' ? manifest : new Map([...manifest].map(([path, id]) => [prefix + path, id]));
}

interface Judging {
  readonly cache: StatCache;
  readonly comparison: Comparison;
  readonly logger: Logger | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Reads each suspect once more, and lets that reading decide. Counts those that could not be read any more. */
async function judgeAgain(
  root: string,
  suspects: ReadonlyMap<string, ObjectId>,
  { cache, comparison, logger, signal }: Judging,
): Promise<{ lost: number; problems: Problem[] }> {
  const problems: Problem[] = [];
  let lost = 0;
  for await (const [path, reading] of readAgain(root, suspects.keys(), signal)) {
    if (reading === 'gone' || 'problem' in reading) {
      lost++;
      if (reading !== 'gone') problems.push(reading.problem);
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
  return { lost, problems };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return compareTreePaths(a.path, b.path);
}

/** Nothing is saved, and nobody should be told so. */
function exceptSaving(listener: (progress: Progress) => void): (progress: Progress) => void {
  return (progress) => {
    if (progress.phase !== 'save') listener(progress);
  };
}
