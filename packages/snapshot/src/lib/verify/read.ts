import { randomInt } from 'node:crypto';
import { PathSet } from '@muse/paths';
import { StatCache } from '@muse/stat-cache';
import type { IgnoreRules } from '@muse/walker';
import {
  directoriesOf,
  entriesInPathOrder,
  isFile,
  RESERVED_NAMES,
  Tree,
  TypeScriptScanEngine,
} from '@muse/walker/scan';
import { isAtOrBelow, prefixOf, unseenPaths } from '../manifest/manifest.js';
import type { OpenedRoot } from '../take/root.js';
import { createSnapshot } from '../take/snapshotter.js';
import type { Progress, Snapshot, SnapshotOptions } from '../types.js';

/** Options of `verify`. */
export interface VerifyOptions extends SnapshotOptions {
  /** The cache to compare with; as for a snapshot, but it is never changed or saved. */
  readonly cache?: SnapshotOptions['cache'];
  /**
   * The probability, from 0 to 1, with which each file is chosen, whatever becomes of the others; those not chosen are
   * not read. At least one file is read that can be compared, if there is one. Default: 1, every file.
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
  /** The files that are not in the sample. */
  readonly unsampled = new PathSet();
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
    return overruled(
      rules,
      (path, directory, inner) =>
        inner?.ignores(path, directory) === true || (!directory && this.#leavesOut(path)),
    );
  }

  /**
   * Takes one of the unsampled files into the sample: of those that `fits` the first by its number, so that the same
   * seed gives the same file. Returns false where there is none.
   */
  addOne(fits: (path: string) => boolean): boolean {
    let least = Infinity;
    for (const path of this.unsampled) {
      const number = this.#draw(path);
      if (number >= least || !fits(path)) continue;
      least = number;
      this.#added = path;
    }
    if (least < Infinity) this.unsampled.clear();
    return least < Infinity;
  }

  #leavesOut(path: string): boolean {
    if (this.#share === 1 || path === this.#added || this.#draw(path) < this.#share) return false;
    this.unsampled.add(path);
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

/** The files of a tree that were read, whatever was known of them. */
export interface Reading {
  readonly taken: Snapshot;
  /** The stats that the files had when they were read; without files whose size is not the number of their bytes. */
  readonly read: StatCache;
}

/**
 * Reads the files of a sample. If none of them is a file that `isKnown`, reads one more that is, or any one if none is.
 * Both kinds of path are from the root.
 */
export async function readSample(
  opened: OpenedRoot,
  sample: Sample,
  options: VerifyOptions,
  isKnown: (path: string) => boolean,
): Promise<Reading> {
  const read = () => readAll(opened, sample.over(opened.ignore), options);
  const first = await read();
  const prefix = prefixOf(options.subtree ?? '');
  for (const path of first.taken.manifest.keys()) if (isKnown(prefix + path)) return first;
  if (!sample.addOne(isKnown) && (first.taken.manifest.size > 0 || !sample.addOne(() => true))) return first;
  return read();
}

/** Reads some files once more, given by their paths from the root. */
export function readAgain(
  opened: OpenedRoot,
  paths: Iterable<string>,
  options: VerifyOptions,
): Promise<Reading> {
  const isWanted = leadingTo(paths);
  const only = overruled(
    opened.ignore,
    (path, directory, inner) => !isWanted(path, directory) || inner?.ignores(path, directory) === true,
  );
  return readAll(opened, only, { ...options, onProgress: undefined });
}

async function readAll(
  { root }: OpenedRoot,
  ignore: IgnoreRules,
  { subtree, threads, oneFileSystem, logger, signal, onProgress }: VerifyOptions,
): Promise<Reading> {
  // A snapshot that knows nothing reads everything, and records what it read.
  const read = StatCache.empty();
  const taken = await createSnapshot(root.root, {
    subtree,
    cache: read,
    ignore,
    threads,
    oneFileSystem,
    logger,
    signal,
    onProgress: onProgress && exceptSaving(onProgress),
  });
  return { taken, read };
}

/** Returns a listener that is not told of saving: nothing is saved. */
function exceptSaving(listener: (progress: Progress) => void): (progress: Progress) => void {
  return (progress) => {
    if (progress.phase !== 'save') listener(progress);
  };
}

/**
 * Returns which of some paths from the root, which were not read just now, lead to no file: not those that are left
 * out, nor those that cannot be seen. Lists what leads to them and nothing else.
 */
export async function missingAmong(
  { root, ignore }: OpenedRoot,
  paths: Iterable<string>,
  signal: AbortSignal | undefined,
): Promise<PathSet> {
  const missing = new PathSet();
  for (const path of paths) if (!HAS_RESERVED_NAME.test(path)) missing.add(path);
  if (missing.size === 0) return missing;
  const isWanted = leadingTo(missing);
  const unseen = new PathSet();
  const only = overruled(ignore, (path, directory, inner) => {
    if (!isWanted(path, directory)) return true;
    if (inner?.ignores(path, directory) !== true) return false;
    unseen.add(path);
    return true;
  });
  const engine = new TypeScriptScanEngine({ root: root.root });
  const tree = new Tree({ root: root.root, identity: root, engine, ignore: only, signal });
  try {
    await tree.list();
  } finally {
    tree.close();
  }
  for (const { directory, cursor, to } of entriesInPathOrder(tree.top)) {
    for (; cursor.entry < to; cursor.next())
      if (isFile(cursor.match)) missing.delete(directory.prefix + cursor.name);
  }
  for (const { problems } of directoriesOf(tree.top))
    for (const path of unseenPaths(problems)) unseen.add(path);
  for (const path of missing) if (isAtOrBelow(unseen, path)) missing.delete(path);
  return missing;
}

const HAS_RESERVED_NAME = new RegExp(
  `(?:^|/)(?:${RESERVED_NAMES.map((name) => name.replace('.', '\\.')).join('|')})(?:/|$)`,
);

/**
 * Returns what tells whether an entry is one of some files, or a directory above one. It keeps the files alone: a path from a
 * manifest or a cache may have millions of directories.
 */
function leadingTo(paths: Iterable<string>): (path: string, directory: boolean) => boolean {
  const files = [...paths].sort();
  return (path, directory) => {
    const wanted = directory ? `${path}/` : path;
    const first = files[indexFrom(files, wanted)];
    return directory ? first?.startsWith(wanted) === true : first === wanted;
  };
}

/** Returns the index of the first of some sorted strings that does not come before another one. */
function indexFrom(sorted: readonly string[], text: string): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const each = sorted[middle];
    if (each !== undefined && each < text) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Returns rules that are read in each directory as others are, and of which `ignores` decides by those. */
function overruled(
  rules: IgnoreRules | undefined,
  ignores: (path: string, directory: boolean, inner: IgnoreRules | undefined) => boolean,
): IgnoreRules {
  return {
    rootRule: rules?.rootRule,
    explain: (path, directory) => rules?.explain?.(path, directory),
    ignores: (path, directory) => ignores(path, directory, rules),
    enter: async (directory) => {
      const entered = await rules?.enter?.(directory);
      return { rules: overruled(entered?.rules ?? rules, ignores), problems: entered?.problems ?? [] };
    },
  };
}
