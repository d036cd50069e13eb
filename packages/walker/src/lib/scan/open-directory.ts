import * as fs from 'node:fs';
import {
  holdDirectory,
  isSameInode,
  openLongPath,
  pathInDirectory,
  toNativePath,
  treePathFromBytes,
  type HeldDirectory,
  type HoldDirectory,
  type Identity,
} from '@muse/paths';
import { isMoved } from '../problems.js';
import type { Details } from './reply.js';

/** A directory that was listed in the one above it, with the identity that it had there. */
export interface ListedDirectory extends Identity {
  /** Tree path. */
  readonly path: string;
  /** The directory that it is reached from. Default: the root. */
  readonly base?: Base | undefined;
}

/** A directory that is held open above a deep one, so that the system need not walk down from the root each time. */
export interface Base {
  /** Its native path while it is held. */
  readonly path: string;
  readonly descriptor: number;
  /** The number of characters of the deep one's tree path that it stands for, the slash after them included. */
  readonly length: number;
}

/** Returns the native path by which a directory is reached. */
export function nativePathOf(
  root: string,
  { path, base }: Pick<ListedDirectory, 'path' | 'base'>,
): string | Buffer {
  return base ? toNativePath(base.path, path.slice(base.length)) : toNativePath(root, path);
}

/** The system calls that list a directory; tests put their own between any two of them. */
export interface ScanCalls {
  /** The names in a directory, decoded as UTF-8: U+FFFD stands for what is none. */
  names(path: string | Buffer): string[];
  /** The names in a directory, as bytes. */
  nameBytes(path: string | Buffer): Buffer[];
  /** The entries of a directory with the types that the file system keeps beside their names. */
  readonly dirents?: (path: string | Buffer) => readonly Pick<fs.Dirent<Buffer>, 'name' | 'isDirectory'>[];
  /** The stat of an entry itself, `undefined` where there is none. */
  lstat(path: string | Buffer): fs.BigIntStats | undefined;
  /** Holds a directory open while it is listed. Default: each call reaches it by its path. */
  readonly hold?: HoldDirectory;
}

/** Calls that block, for worker threads and for short slices: an `lstat` takes 4 µs where a promise of one takes 30. */
export const systemCalls: ScanCalls = {
  names: (path) => fs.readdirSync(path, 'utf8'),
  nameBytes: (path) => fs.readdirSync(path, 'buffer'),
  dirents: (path) => fs.readdirSync(path, { encoding: 'buffer', withFileTypes: true }),
  lstat: (path) => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false }),
  hold: holdDirectory,
};

/** A directory that Node's calls list: through its descriptor where it is held, else by its path anew each time. */
export class OpenedDirectory {
  readonly #calls: ScanCalls;
  readonly #path: string | Buffer;
  readonly #held: HeldDirectory | undefined;
  /** Whether a file that was statted has more than one link. */
  hasLinkedFile = false;
  /** The path by which its entries are reached. */
  readonly #inside: string | Buffer;

  /** Opens a directory. Throws the system's error where it cannot be opened. */
  constructor(calls: ScanCalls, path: string | Buffer) {
    this.#calls = calls;
    this.#path = path;
    this.#held = calls.hold?.(path);
    this.#inside = this.#held?.path ?? path;
  }

  /** Returns whether it has an identity; true where it is not held, and only the last look at its path can tell. */
  is(identity: Identity): boolean {
    return this.#held?.is(identity) ?? true;
  }

  /**
   * Returns the names in it, as segments of tree paths. Node's decoder repairs what is not UTF-8; where a name may have been
   * repaired, all are read again as bytes.
   */
  names(): readonly string[] {
    const names = this.#calls.names(this.#inside);
    if (!names.some((name) => name.includes('\ufffd'))) return names;
    return this.#calls.nameBytes(this.#inside).map(treePathFromBytes);
  }

  /** Adds the stat of an entry itself to `details` and returns what kind it is; `undefined` where there is no entry. */
  stat(name: string, details: Details): EntryKind | undefined {
    const stat = this.#calls.lstat(pathInDirectory(this.#inside, name));
    if (!stat) return undefined;
    details.add(stat);
    const kind = kindOfMode(Number(stat.mode));
    if (kind === 'file' && stat.nlink > 1n) this.hasLinkedFile = true;
    return kind;
  }

  /**
   * Returns for each name whether it is a directory, by the types that the file system keeps beside the names; `undefined`
   * where that fails: Node asks for the stat where the system gives no type.
   */
  directories(): ReadonlyMap<string, boolean> | undefined {
    try {
      const entries = this.#calls.dirents?.(this.#inside);
      return entries && new Map(entries.map((entry) => [treePathFromBytes(entry.name), entry.isDirectory()]));
    } catch {
      return undefined;
    }
  }

  /** Looks once more whether the path leads to the directory with an identity. */
  isStill(identity: Identity): boolean {
    return isDirectoryWith(this.#calls.lstat(this.#path), identity);
  }

  close(): void {
    this.#held?.close();
  }
}

/** Returns what the path of a listed directory leads to now: the same directory, nothing, or something else. */
export function checkIdentity(
  calls: ScanCalls,
  root: string,
  { path, dev, ino }: ListedDirectory,
): 'same' | 'missing' | 'replaced' {
  try {
    const reached = openLongPath(toNativePath(root, path));
    try {
      const now = calls.lstat(reached.path);
      if (!now) return 'missing';
      return isDirectoryWith(now, { dev, ino }) ? 'same' : 'replaced';
    } finally {
      reached.close();
    }
  } catch (error) {
    return isMoved(error) ? 'missing' : 'replaced';
  }
}

/** A link can have the number of the directory that it took the place of, once that was removed. */
function isDirectoryWith(stat: fs.BigIntStats | undefined, identity: Identity): boolean {
  return stat !== undefined && isSameInode(stat, identity) && kindOfMode(Number(stat.mode)) === 'directory';
}

/** The kind of an entry. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'unknown';

/** Returns what a mode says an entry is. */
export function kindOfMode(mode: number): EntryKind {
  switch (mode & fs.constants.S_IFMT) {
    case fs.constants.S_IFREG:
      return 'file';
    case fs.constants.S_IFDIR:
      return 'directory';
    case fs.constants.S_IFLNK:
      return 'symlink';
    case fs.constants.S_IFIFO:
      return 'fifo';
    case fs.constants.S_IFSOCK:
      return 'socket';
    case fs.constants.S_IFCHR:
    case fs.constants.S_IFBLK:
      return 'device';
    default:
      return 'unknown';
  }
}

const SURROGATE = /[\ud800-\udfff]/;

/** Returns whether a name may hold escaped bytes, so that Node's calls must be given bytes. */
export function mayBeEscaped(name: string): boolean {
  return SURROGATE.test(name);
}
