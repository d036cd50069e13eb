import type { BigIntStats } from 'node:fs';
import { access, constants, lstat, readdir } from 'node:fs/promises';
import {
  type HeldDirectory,
  holdBelow,
  pathInDirectory,
  openLongPath,
  toNativePath,
  treePathFromBytes,
} from '@muse/paths';
import type { LeftOutKind, ResolvedRoot } from '@muse/walker';
import { codeOf, problemOf } from '@muse/walker/scan';
import type { Problem } from '../types.js';

/** What keeps an entry of a directory from being a regular file or a directory. */
export type SpecialFileKind = Exclude<LeftOutKind, 'ignored' | 'reserved' | 'other-device'>;

/** What is there under a tree path, as far as a stat tells. */
export type Looked =
  | { readonly is: 'file' | 'directory'; readonly stat: BigIntStats }
  | { readonly is: 'special'; readonly kind: SpecialFileKind }
  | { readonly is: 'absent' }
  /** It cannot be statted. Whether it is a directory is known where the listing alone tells. */
  | { readonly is: 'hidden'; readonly problem: Problem; readonly isDirectory: boolean | undefined };

/**
 * Goes down a tree, and looks at one entry after the other. Where the system can hold a directory, each is opened in the
 * one above it, so that no link is followed on the way, whatever is swapped.
 */
export class Descent {
  readonly #root: string;
  #held: HeldDirectory | undefined;
  /** The tree path of the directory that is held. */
  #at = '';

  /** Throws the system's error where the root cannot be opened. */
  constructor(root: ResolvedRoot) {
    this.#root = root.root;
    this.#held = holdBelow(root.root, '', { identity: root });
  }

  /** Looks at an entry itself, one level below the last one or beside it. */
  async lookAt(path: string): Promise<Looked> {
    try {
      this.#enterAbove(path);
      const stat = await this.#reach(path, (native) => lstat(native, { bigint: true }));
      if (stat.isFile()) return { is: 'file', stat };
      return stat.isDirectory() ? { is: 'directory', stat } : { is: 'special', kind: specialKind(stat) };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'absent' };
      const isDirectory = await this.#isListedAsDirectory(path);
      return { is: 'hidden', problem: problemOf(path, 'lstat', error), isDirectory };
    }
  }

  /** Returns what would keep the entry that was looked at last from being opened or listed, without doing either. */
  async whyUnreadable(path: string, operation: 'open' | 'readdir'): Promise<Problem | undefined> {
    try {
      await this.#reach(path, (native) => access(native, constants.R_OK));
      return undefined;
    } catch (error) {
      return problemOf(path, operation, error);
    }
  }

  close(): void {
    this.#held?.close();
  }

  async #isListedAsDirectory(path: string): Promise<boolean | undefined> {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    try {
      const above = toNativePath(this.#root, path.slice(0, Math.max(slash, 0)));
      const entries = await readdir(this.#held?.path ?? above, { encoding: 'buffer', withFileTypes: true });
      return entries.find((entry) => treePathFromBytes(entry.name) === name)?.isDirectory();
    } catch {
      return undefined;
    }
  }

  #enterAbove(path: string): void {
    const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (above === this.#at || !this.#held) return;
    const below = this.#held.below(above.slice(above.lastIndexOf('/') + 1));
    this.#held.close();
    this.#held = below;
    this.#at = above;
  }

  async #reach<T>(path: string, use: (native: string | Buffer) => Promise<T>): Promise<T> {
    if (this.#held) return use(pathInDirectory(this.#held.path, path.slice(path.lastIndexOf('/') + 1)));
    const { path: native, close } = openLongPath(toNativePath(this.#root, path));
    try {
      return await use(native);
    } finally {
      close();
    }
  }
}

function specialKind(stat: BigIntStats): SpecialFileKind {
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isSocket()) return 'socket';
  return stat.isBlockDevice() || stat.isCharacterDevice() ? 'device' : 'unknown';
}
