import { compareTreePaths, reachPath, toNativePath } from '@muse/paths';
import { DIRECTORY, kindOfMode } from './kinds.js';
import { mayBeEscaped, type OpenedDirectory } from './opened-directory.js';
import type { PackedStats } from './packed-stats.js';
import { isMoved, problemOf } from './problems.js';
import { openDirectory, type ScanCalls } from './scan-calls.js';
import { RESERVED_NAMES, type LeftOutKind, type WalkProblem } from './types.js';

/** A directory to list, and the inode that it was listed as. */
export interface DirectoryToScan {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  /** What the listing of the directory above was annotated with for this one. */
  readonly note?: number | undefined;
}

/** What one directory holds; the stats of `names` are those added last to the packed ones. */
export interface ScannedDirectory {
  /**
   * `listed`; or `moved` when the path no longer leads to the directory it led to, so that the one above must be listed
   * again; or `failed`, for the reason in `problems`; or `declined` because it has more names than the caller allows.
   */
  readonly outcome: 'listed' | 'moved' | 'failed' | 'declined';
  /** Files and directories, as segments of tree paths, in the order of their paths: `a/` comes after `a.c`. */
  readonly names: readonly string[];
  /** `FILE` or `DIRECTORY`, for each name. */
  readonly kinds: readonly number[];
  readonly leftOut: readonly LeftOutKind[];
  readonly problems: readonly WalkProblem[];
  /** For each problem of an entry, whether that is a directory, where the listing alone tells. */
  readonly areDirectories?: readonly (boolean | undefined)[] | undefined;
}

/** A slash and the longest name there is. */
const ROOM_FOR_A_NAME = 256;
const NOTHING = { names: [], kinds: [], leftOut: [], problems: [] };

/**
 * Lists one directory: its names, a stat of each, and its own identity once more at the end, which tells whether its path
 * still leads to it. One stat an entry, one listing and one `lstat` a directory; nothing else is opened.
 */
export function scanDirectory(
  calls: ScanCalls,
  root: string,
  directory: DirectoryToScan,
  stats: PackedStats,
  maxNames = Infinity,
): ScannedDirectory {
  const { count } = stats;
  let operation = 'readdir';
  try {
    const native = toNativePath(root, directory.path);
    const reached = reachPath(native, ROOM_FOR_A_NAME);
    try {
      const opened = openDirectory(calls, reached.path);
      try {
        if (!opened.is(directory)) return { ...NOTHING, outcome: 'moved' };
        const names = opened.names();
        if (names.length > maxNames) return { ...NOTHING, outcome: 'declined' };
        const scan = new Scan(directory.path, stats);
        scan.run(opened, names);
        operation = 'lstat';
        return scan.result(opened.isStill(directory) ? 'listed' : 'moved');
      } finally {
        opened.close();
      }
    } finally {
      reached.close();
    }
  } catch (error) {
    stats.truncate(count);
    const problems = [problemOf(directory.path, operation, error)];
    return { ...NOTHING, outcome: isMoved(error) ? 'moved' : 'failed', problems };
  }
}

/** The listing of one directory while it grows. */
class Scan {
  readonly #path: string;
  readonly #stats: PackedStats;
  readonly #names: string[] = [];
  readonly #kinds: number[] = [];
  readonly #leftOut: LeftOutKind[] = [];
  readonly #problems: WalkProblem[] = [];
  #areDirectories: ScannedDirectory['areDirectories'];

  constructor(path: string, stats: PackedStats) {
    this.#path = path;
    this.#stats = stats;
  }

  run(opened: OpenedDirectory, names: readonly string[]): void {
    const missing = this.#listAll(opened, names);
    if (missing.length > 0) this.#tryAgain(opened, missing);
    if (this.#problems.length === 0) return;
    const directories = opened.directories();
    this.#areDirectories = this.#problems.map(({ path }) =>
      directories?.get(path.slice(path.lastIndexOf('/') + 1)),
    );
  }

  #tryAgain(opened: OpenedDirectory, missing: readonly string[]): void {
    // Names that answered "no entry": gone since, unless the directory still lists them.
    const again = new Set(opened.names());
    for (const name of missing) {
      if (!again.has(name)) continue;
      try {
        if (!this.#add(opened, name)) {
          throw Object.assign(new Error('no such file or directory'), { code: 'ENOENT' });
        }
      } catch (error) {
        this.#problem(name, error);
      }
    }
  }

  result(outcome: ScannedDirectory['outcome']): ScannedDirectory {
    this.#sort();
    return {
      outcome,
      names: this.#names,
      kinds: this.#kinds,
      leftOut: this.#leftOut,
      problems: this.#problems,
      areDirectories: this.#areDirectories,
    };
  }

  /** Returns the names for which there was no entry. */
  #listAll(opened: OpenedDirectory, names: readonly string[]): string[] {
    const missing: string[] = [];
    let previous: string | undefined;
    for (const name of names) {
      // A name that is removed and made again while the system lists may come twice.
      if (name === previous) continue;
      previous = name;
      if (RESERVED_NAMES.includes(name)) {
        this.#leftOut.push('reserved');
        continue;
      }
      try {
        if (!this.#add(opened, name)) missing.push(name);
      } catch (error) {
        if (isMoved(error)) missing.push(name);
        else this.#problem(name, error);
      }
    }
    return missing;
  }

  /** Returns false where there is no such entry. */
  #add(opened: OpenedDirectory, name: string): boolean {
    const stats = this.#stats;
    const mode = opened.stat(name, stats);
    if (mode === undefined) return false;
    const kind = kindOfMode(mode);
    if (typeof kind === 'string') {
      stats.truncate(stats.count - 1);
      this.#leftOut.push(kind);
    } else {
      this.#names.push(name);
      this.#kinds.push(kind);
    }
    return true;
  }

  #problem(name: string, error: unknown): void {
    this.#problems.push(problemOf(this.#path === '' ? name : `${this.#path}/${name}`, 'lstat', error));
  }

  /** Brings the names into the order of the paths below them. The system's listing mostly is in order already. */
  #sort(): void {
    const compare = this.#names.some(mayBeEscaped) ? compareTreePaths : compareUnits;
    if (this.#isSorted(compare)) return;
    const keys = this.#names.map((_, i) => this.#key(i));
    const order = keys.map((_, i) => i).sort((a, b) => compare(keys[a] ?? '', keys[b] ?? ''));
    permute(this.#names, order);
    permute(this.#kinds, order);
    this.#stats.permuteLast(order);
  }

  #isSorted(compare: (a: string, b: string) => number): boolean {
    for (let i = 1; i < this.#names.length; i++)
      if (compare(this.#key(i - 1), this.#key(i)) >= 0) return false;
    return true;
  }

  #key(index: number): string {
    const name = this.#names[index] ?? '';
    return this.#kinds[index] === DIRECTORY ? `${name}/` : name;
  }
}

/** Without surrogates the order of UTF-16 units is that of the bytes. */
function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function permute(items: unknown[], order: readonly number[]): void {
  const old = [...items];
  order.forEach((from, to) => {
    items[to] = old[from];
  });
}
