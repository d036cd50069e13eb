import { constants } from 'node:fs';
import {
  isSameInode,
  pathInDirectory,
  treePathFromBytes,
  type HeldDirectory,
  type Identity,
} from '@muse/paths';
import type { Details } from './details.js';
import type { ScanCalls } from './calls.js';

/** One directory while it is listed. */
export interface OpenedDirectory {
  /** Whether this is the directory with an identity; true where it is not held, and only the last look at its path can tell. */
  is(identity: Identity): boolean;
  /** The names in it, as segments of tree paths; one that comes twice comes twice in a row. */
  names(): readonly string[];
  /** Adds the stat of an entry itself at the end of `stats` and returns its mode; `undefined` where there is no entry. */
  stat(name: string, stats: Details): number | undefined;
  /**
   * Tells of each name whether it is a directory, by the types that the file system keeps beside the names; undefined where
   * it keeps none.
   */
  directories(): ReadonlyMap<string, boolean> | undefined;
  /** Looks once more whether the path leads to the directory with an identity. */
  isStill(identity: Identity): boolean;
  close(): void;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Returns whether a name may hold escaped bytes, so that Node's calls must be given bytes. */
export function mayBeEscaped(name: string): boolean {
  return SURROGATE.test(name);
}

/** Returns what a mode says an entry is. */
export function kindOfMode(
  mode: number,
): 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'unknown' {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return 'file';
    case constants.S_IFDIR:
      return 'directory';
    case constants.S_IFLNK:
      return 'symlink';
    case constants.S_IFIFO:
      return 'fifo';
    case constants.S_IFSOCK:
      return 'socket';
    case constants.S_IFCHR:
    case constants.S_IFBLK:
      return 'device';
    default:
      return 'unknown';
  }
}

/** A directory that Node's calls list: through its descriptor where it is held, else by its path anew each time. */
export class NodeDirectory implements OpenedDirectory {
  readonly #calls: ScanCalls;
  readonly #path: string | Buffer;
  readonly #held: HeldDirectory | undefined;
  /** By which its entries are reached. */
  readonly #inside: string | Buffer;

  constructor(calls: ScanCalls, path: string | Buffer, held?: HeldDirectory) {
    this.#calls = calls;
    this.#path = path;
    this.#held = held;
    this.#inside = held?.path ?? path;
  }

  is(identity: Identity): boolean {
    return this.#held?.is(identity) ?? true;
  }

  /** Node's decoder repairs what is not UTF-8; where a name may have been repaired, all are read again as bytes. */
  names(): readonly string[] {
    const names = this.#calls.names(this.#inside);
    if (!names.some((name) => name.includes('\ufffd'))) return names;
    return this.#calls.nameBytes(this.#inside).map(treePathFromBytes);
  }

  stat(name: string, stats: Details): number | undefined {
    const stat = this.#calls.lstat(pathInDirectory(this.#inside, name));
    if (!stat) return undefined;
    stats.add(stat);
    return Number(stat.mode);
  }

  /** Node asks for the stat where the system gives no type, and that has failed. */
  directories(): ReadonlyMap<string, boolean> | undefined {
    try {
      const entries = this.#calls.dirents?.(this.#inside);
      return entries && new Map(entries.map((entry) => [treePathFromBytes(entry.name), entry.isDirectory()]));
    } catch {
      return undefined;
    }
  }

  isStill(identity: Identity): boolean {
    const now = this.#calls.lstat(this.#path);
    // A link can have the number of the directory that it took the place of, once that was removed.
    return now !== undefined && isSameInode(now, identity) && kindOfMode(Number(now.mode)) === 'directory';
  }

  close(): void {
    this.#held?.close();
  }
}
