import type { BigIntStats } from 'node:fs';
import { access, constants, lstat, readdir } from 'node:fs/promises';
import {
  holdBelow,
  openLongPath,
  pathInDirectory,
  toNativePath,
  treePathFromBytes,
  type HeldDirectory,
} from '@muse/paths';
import type { LeftOutKind, ResolvedRoot, Problem } from '@muse/walker';
import { codeOf, kindOfMode, problemOf, type EntryType } from '@muse/walker/scan';

/** The kind of an entry that is neither a regular file nor a directory. */
export type SpecialFileKind = Exclude<LeftOutKind, 'ignored' | 'reserved' | 'other-device'>;

/** An entry of a directory, as far as a stat tells. */
export type Entry =
  | { readonly type: 'file' | 'directory'; readonly stat: BigIntStats; readonly problem?: undefined }
  | { readonly type: 'special'; readonly kind: SpecialFileKind }
  | { readonly type: 'absent' }
  /** An entry that cannot be statted; its type is what the listing alone tells. */
  | { readonly type: EntryType; readonly stat?: undefined; readonly problem: Problem };

/**
 * Goes down a tree and looks at one entry after another. If the system can hold a directory open, each is opened in the
 * one above it, so that no link is followed on the way, whatever is swapped.
 */
export class Descent {
  readonly #root: string;
  #held: HeldDirectory | undefined;
  /** The tree path of the directory that is held. */
  #at = '';

  /** Throws the system's error if the root cannot be opened. */
  constructor(root: ResolvedRoot) {
    this.#root = root.root;
    this.#held = holdBelow(root.root, '', { identity: root });
  }

  /** Looks at an entry itself, one level below the last one or beside it. */
  async lookAt(path: string): Promise<Entry> {
    try {
      this.#enterAbove(path);
      const stat = await this.#reach(path, (native) => lstat(native, { bigint: true }));
      const kind = kindOfMode(Number(stat.mode));
      return kind === 'file' || kind === 'directory' ? { type: kind, stat } : { type: 'special', kind };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { type: 'absent' };
      return { type: await this.#typeInListing(path), problem: problemOf(path, 'lstat', error) };
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

  async #typeInListing(path: string): Promise<EntryType> {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    try {
      const above = toNativePath(this.#root, path.slice(0, Math.max(slash, 0)));
      const entries = await readdir(this.#held?.path ?? above, { encoding: 'buffer', withFileTypes: true });
      const entry = entries.find((each) => treePathFromBytes(each.name) === name);
      return entry === undefined ? 'unknown' : entry.isDirectory() ? 'directory' : 'file';
    } catch {
      return 'unknown';
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
