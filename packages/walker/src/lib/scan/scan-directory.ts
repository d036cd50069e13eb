import { compareTreePaths, openLongPath } from '@muse/paths';
import { errnoOf, isMoved } from '../problems.js';
import { RESERVED_NAMES } from '../types.js';
import { openDirectory, type ScanCalls } from './calls.js';
import type { Details } from './details.js';
import { nativePathOf, type DirectoryToScan } from './directory.js';
import { kindOfMode, mayBeEscaped, type OpenedDirectory } from './opened-directory.js';
import {
  DIRECTORY,
  FAILED,
  itemOf,
  NEW,
  SKIPPED_BY_ENGINE,
  type Join,
  type ReplyWriter,
  type ScanOperation,
} from './reply.js';

/** A slash and the longest name there is. */
const ROOM_FOR_A_NAME = 256;

/** How a directory is listed. */
export interface ScanDirectoryOptions {
  /** Lists no directory with more names. Default: any. */
  readonly maxNames?: number | undefined;
  /** Joins its entries with stored lines. Default: each file is new. */
  readonly join?: ((directory: DirectoryToScan) => Join) | undefined;
}

/**
 * Lists one directory: its names, a stat of each, and its own identity before and after, which tells whether its path
 * leads to the directory that was listed under it. Opens nothing but the directory.
 */
export function scanDirectory(
  calls: ScanCalls,
  root: string,
  directory: DirectoryToScan,
  reply: ReplyWriter,
  { maxNames = Infinity, join }: ScanDirectoryOptions = {},
): void {
  let operation: ScanOperation = 'readdir';
  try {
    const reached = openLongPath(nativePathOf(root, directory), ROOM_FOR_A_NAME);
    try {
      const opened = openDirectory(calls, reached.path);
      try {
        if (!opened.is(directory)) {
          reply.addUnlisted('moved');
          return;
        }
        const names = opened.names();
        if (names.length > maxNames) {
          reply.addUnlisted('too-large');
          return;
        }
        const entries = new Entries(reply.details);
        entries.list(opened, names);
        operation = 'lstat';
        if (opened.isStill(directory)) entries.writeTo(reply, join?.(directory));
        else reply.addUnlisted('moved');
      } finally {
        opened.close();
      }
    } finally {
      reached.close();
    }
  } catch (error) {
    reply.addUnlisted(isMoved(error) ? 'moved' : 'failed', errnoOf(error), operation);
  }
}

/** The entries of one directory while they are listed. */
class Entries {
  readonly #names: string[] = [];
  readonly #kinds: number[] = [];
  readonly #details: Details;
  readonly #skipped = SKIPPED_BY_ENGINE.map(() => 0);
  /** Why an entry could not be statted, by its name. */
  readonly #failures = new Map<string, number>();

  /** @param details - memory for their details, used again from directory to directory. */
  constructor(details: Details) {
    details.truncate(0);
    this.#details = details;
  }

  list(opened: OpenedDirectory, names: readonly string[]): void {
    const missing = this.#addAll(opened, names);
    if (missing.length > 0) {
      // Names that answered "no entry" are gone, unless the directory still lists them.
      const again = new Set(opened.names());
      for (const name of missing) if (again.has(name)) this.#tryAgain(opened, name);
    }
    if (this.#failures.size > 0) this.#addFailures(opened.directories());
  }

  writeTo(reply: ReplyWriter, join: Join | undefined): void {
    const listed = {
      names: this.#names,
      kinds: this.#kinds,
      details: this.#details.words,
      order: this.#pathOrder(),
      skipped: this.#skipped,
    };
    reply.addListed(listed, join);
  }

  /** Returns the names for which there was no entry. */
  #addAll(opened: OpenedDirectory, names: readonly string[]): string[] {
    const missing: string[] = [];
    let previous: string | undefined;
    for (const name of names) {
      // A name that is removed and made again while the system lists may come twice.
      if (name === previous) continue;
      previous = name;
      if (RESERVED_NAMES.includes(name)) {
        this.#skip('reserved');
        continue;
      }
      try {
        if (!this.#add(opened, name)) missing.push(name);
      } catch (error) {
        if (isMoved(error)) missing.push(name);
        else this.#fail(name, errnoOf(error));
      }
    }
    return missing;
  }

  /** An entry that its directory still lists is a problem where it cannot be statted, whatever the reason. */
  #tryAgain(opened: OpenedDirectory, name: string): void {
    try {
      if (!this.#add(opened, name)) this.#fail(name, ENOENT);
    } catch (error) {
      this.#fail(name, errnoOf(error));
    }
  }

  /** Returns false where there is no such entry. */
  #add(opened: OpenedDirectory, name: string): boolean {
    const mode = opened.stat(name, this.#details);
    if (mode === undefined) return false;
    const kind = kindOfMode(mode);
    if (kind === 'file' || kind === 'directory') {
      this.#names.push(name);
      this.#kinds.push(kind === 'file' ? NEW : DIRECTORY);
    } else {
      this.#details.truncate(this.#names.length);
      this.#skip(kind);
    }
    return true;
  }

  #fail(name: string, errno: number): void {
    this.#failures.set(name, errno);
  }

  /** Adds the entries that could not be statted, with the types that the directory itself gives them. */
  #addFailures(areDirectories: ReadonlyMap<string, boolean> | undefined): void {
    for (const [name, errno] of this.#failures) {
      const isDirectory = areDirectories?.get(name);
      this.#details.addFailure(errno, isDirectory === undefined ? DT_UNKNOWN : isDirectory ? DT_DIR : DT_REG);
      this.#names.push(name);
      this.#kinds.push(FAILED);
    }
  }

  #skip(kind: (typeof SKIPPED_BY_ENGINE)[number]): void {
    const index = SKIPPED_BY_ENGINE.indexOf(kind);
    this.#skipped[index] = itemOf(this.#skipped, index) + 1;
  }

  /** Returns the order of the paths below the names. The system's listing mostly is in order already. */
  #pathOrder(): number[] | undefined {
    const compare = this.#names.some(mayBeEscaped) ? compareTreePaths : compareUnits;
    const keys: string[] = [];
    let isSorted = true;
    for (const [i, name] of this.#names.entries()) {
      const key = this.#kinds[i] === DIRECTORY ? `${name}/` : name;
      if (i > 0 && compare(itemOf(keys, i - 1), key) >= 0) isSorted = false;
      keys.push(key);
    }
    if (isSorted) return undefined;
    return keys.map((_, i) => i).sort((a, b) => compare(itemOf(keys, a), itemOf(keys, b)));
  }
}

const ENOENT = 2;
/** Types of entries, as getdents64(2) has them. */
export const DT_UNKNOWN = 0;
export const DT_DIR = 4;
const DT_REG = 8;

/** Without surrogates the order of UTF-16 units is that of the bytes. */
function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
