import { pathInDirectory, toNativePath, type HeldDirectory } from '@muse/paths';
import { MovedFileError, type FileCalls } from '@muse/stat-cache';

/** A directory, and the inode that it was listed as. */
export interface ListedDirectory {
  /** Tree path. */
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Where a file is: its path, and what to open in place of it. */
export interface FilePath {
  readonly path: string | Buffer;
  readonly through: string | Buffer | undefined;
}

/**
 * Finds files in listed directories, whatever is swapped: where the system can do that, it holds the last directory open
 * that was asked for, and refuses another one than was listed.
 */
export class ListedDirectories {
  readonly #calls: FileCalls;
  readonly #root: string;
  #current: ListedDirectory | undefined;
  #native: string | Buffer = '';
  #held: HeldDirectory | undefined;

  constructor(calls: FileCalls, root: string) {
    this.#calls = calls;
    this.#root = root;
  }

  /** Throws the system's error where the directory cannot be opened, and `MovedFileError` when another one is there. */
  fileIn(directory: ListedDirectory, name: string): FilePath {
    if (this.#current !== directory) {
      this.close();
      this.#open(directory);
    }
    const through = this.#held && pathInDirectory(this.#held.path, name);
    return { path: pathInDirectory(this.#native, name), through };
  }

  close(): void {
    this.#held?.close();
    this.#held = undefined;
    this.#current = undefined;
  }

  #open(directory: ListedDirectory): void {
    this.#native = toNativePath(this.#root, directory.path);
    this.#held = this.#calls.hold?.(this.#native);
    if (this.#held?.is(directory) === false) throw new MovedFileError(this.#native);
    this.#current = directory;
  }
}
