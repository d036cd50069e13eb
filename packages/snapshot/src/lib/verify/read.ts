import { randomInt } from 'node:crypto';
import { PathSet } from '@muse/paths';
import {
  asyncCalls,
  type FileStat,
  hashBelow,
  type HashedFile,
  MovedFileError,
  NotRegularFileError,
  StatCache,
  TornFileError,
} from '@muse/stat-cache';
import { type DirectoryListing, type IgnoreRules, listDirectory } from '@muse/walker';
import { isMoved, problemOf } from '@muse/walker/scan';
import { byDirectory } from '../explain/explain.js';
import { tornFile } from '../errors.js';
import type { OpenedRoot } from '../take/root.js';
import { createSnapshot } from '../take/snapshotter.js';
import type { Problem, Progress, Snapshot, SnapshotCall, SnapshotterOptions } from '../types.js';

/** How a tree is verified. */
export interface VerifyOptions extends SnapshotterOptions, SnapshotCall {
  /** The cache to compare with; as for a snapshot, but it is never changed or saved. */
  readonly cache?: SnapshotterOptions['cache'];
  /**
   * The probability, from 0 to 1, with which each file is chosen, whatever becomes of the others; those not chosen are
   * not read. At least one is read that there is something to compare with, if there is such a file. Default: 1, every
   * file.
   */
  readonly sample?: number | undefined;
  /** Chooses the files of a sample: the same ones for the same seed and paths. Default: random. */
  readonly seed?: number | undefined;
}

const RANGE = 2 ** 32;

/**
 * A sample of the files of a tree.
 *
 * Whether a file is in it depends on the seed and its path alone, so that a directory may be listed again.
 */
export class Sample {
  readonly seed: number;
  /** The files that were left out for not being in the sample. */
  readonly skipped = new PathSet();
  readonly #share: number;
  /** The file that is in the sample whatever its number is. */
  #added: string | undefined;

  /** @throws RangeError when the share of files is not from 0 to 1, or the seed is no number. */
  constructor({ sample = 1, seed = randomInt(RANGE) }: Pick<VerifyOptions, 'sample' | 'seed'>) {
    // Written so that it refuses NaN.
    if (!(sample >= 0 && sample <= 1)) {
      throw new RangeError(`Cannot verify the share ${sample} of all files: it must be from 0 to 1`);
    }
    if (!Number.isFinite(seed)) {
      throw new RangeError(`Cannot choose files by the seed ${seed}: it must be a finite number`);
    }
    this.seed = seed;
    this.#share = sample;
  }

  /** Returns rules that leave out what other rules do, and every file that is not in the sample besides. */
  over(rules: IgnoreRules | undefined): IgnoreRules {
    return {
      rootRule: rules?.rootRule,
      explain: (path, directory) => rules?.explain?.(path, directory),
      ignores: (path, directory) =>
        rules?.ignores(path, directory) === true || (!directory && this.#leavesOut(path)),
      enter: async (directory) => {
        const entered = await rules?.enter?.(directory);
        return { rules: this.over(entered?.rules ?? rules), problems: entered?.problems ?? [] };
      },
    };
  }

  /**
   * Takes one of the files that were skipped into the sample: of those that `fits` the first by its number, so that the
   * same seed gives the same file. Returns false where there is none.
   */
  addOne(fits: (path: string) => boolean): boolean {
    let least = Infinity;
    for (const path of this.skipped) {
      const number = this.#draw(path);
      if (number >= least || !fits(path)) continue;
      least = number;
      this.#added = path;
    }
    if (least < Infinity) this.skipped.clear();
    return least < Infinity;
  }

  #leavesOut(path: string): boolean {
    if (this.#share === 1 || path === this.#added || this.#draw(path) < this.#share) return false;
    this.skipped.add(path);
    return true;
  }

  /** Returns a number in [0, 1) for a path: FNV-1a over the seed and the path, then mixed by multiply and shift. */
  #draw(path: string): number {
    let hash = 0x811c9dc5;
    for (const text of [String(this.seed), '\0', path]) {
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / RANGE;
  }
}

/** What was read of a tree, whatever is known of it. */
export interface ReadSample {
  readonly taken: Snapshot;
  /** The stats that the files had when they were read; without files whose size is not the number of their bytes. */
  readonly read: StatCache;
}

/**
 * Reads the files of a sample. Where not one of them is a file that `isKnown`, one more is read that is, or any one where
 * none is. Both kinds of path are from the root.
 */
export async function readSample(
  { root, ignore }: OpenedRoot,
  sample: Sample,
  options: VerifyOptions,
  isKnown: (path: string) => boolean,
): Promise<ReadSample> {
  const { subtree = '', threads, oneFileSystem, logger, signal, onProgress } = options;
  const take = async (): Promise<ReadSample> => {
    // A snapshot that knows nothing must read everything, and what it notes down on the way is what was read.
    const read = StatCache.empty();
    const taken = await createSnapshot(root.root, {
      subtree,
      cache: read,
      ignore: sample.over(ignore),
      threads,
      oneFileSystem,
      logger,
      signal,
      onProgress: onProgress && exceptSaving(onProgress),
    });
    return { taken, read };
  };
  const first = await take();
  const prefix = subtree === '' ? '' : `${subtree}/`;
  for (const path of first.taken.manifest.keys()) if (isKnown(prefix + path)) return first;
  if (!sample.addOne(isKnown) && (first.taken.manifest.size > 0 || !sample.addOne(() => true))) return first;
  return take();
}

/** Nothing is saved, and nobody should be told so. */
function exceptSaving(listener: (progress: Progress) => void): (progress: Progress) => void {
  return (progress) => {
    if (progress.phase !== 'save') listener(progress);
  };
}

/** What a second reading of a file gave; `gone` when there is no regular file any more. */
export type SecondReading = { readonly hashed: HashedFile } | { readonly problem: Problem } | 'gone';

/** How often a file that is replaced before it can be read is listed again. */
const TRIES = 3;

/**
 * Lists and reads files once more, one after the other, whatever is known of them. As in a snapshot no link is followed,
 * and only the inode that was listed is read. Rejects with the reason of `signal`, and when the root is gone.
 */
export async function* readAgain(
  root: string,
  paths: Iterable<string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly [path: string, reading: SecondReading]> {
  for (const [directory, files] of byDirectory(paths)) {
    let waiting = files;
    for (let tries = 1; waiting.length > 0; tries++) {
      signal?.throwIfAborted();
      const listing = await listDirectory(root, directory);
      const stats = new Map(listing.files.map(({ name, stat }) => [name, stat]));
      const moved: string[] = [];
      for (const path of waiting) {
        const stat = stats.get(path.slice(path.lastIndexOf('/') + 1));
        const reading = stat ? await readListed(root, path, stat, signal) : unlisted(listing, path);
        if (reading === 'gone' || 'hashed' in reading) yield [path, reading];
        else if ('moved' in reading && reading.moved && tries < TRIES) moved.push(path);
        else yield [path, { problem: reading.problem }];
      }
      waiting = moved;
    }
  }
}

/** Why a file has no object id. */
interface HashFailure {
  /** Whether the path leads elsewhere by now: its directory has to be listed again before this is a problem. */
  readonly moved: boolean;
  readonly problem: Problem;
}

async function readListed(
  root: string,
  path: string,
  listed: FileStat,
  signal: AbortSignal | undefined,
): Promise<{ readonly hashed: HashedFile } | HashFailure> {
  try {
    return { hashed: await hashBelow(asyncCalls, root, path, { listed, signal }) };
  } catch (error) {
    signal?.throwIfAborted();
    return failureOf(path, error);
  }
}

function failureOf(path: string, error: unknown): HashFailure {
  if (error instanceof TornFileError) {
    return { moved: false, problem: tornFile(path, 'changed') };
  }
  if (error instanceof MovedFileError || error instanceof NotRegularFileError) {
    return { moved: true, problem: tornFile(path, 'replaced') };
  }
  const operation = (error as NodeJS.ErrnoException | undefined)?.syscall ?? 'read';
  return { moved: isMoved(error), problem: problemOf(path, operation, error) };
}

/** What the system answers where a directory was, and is no more. */
const NOT_THERE = ['ENOENT', 'ENOTDIR'];

/** Tells a file that is gone from one that may be there, behind a problem of its own or of its directory. */
function unlisted({ problems }: DirectoryListing, path: string): 'gone' | { readonly problem: Problem } {
  const directory = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  const problem = problems.find((found) => found.path === path || found.path === directory);
  return problem === undefined || NOT_THERE.includes(problem.code) ? 'gone' : { problem };
}
