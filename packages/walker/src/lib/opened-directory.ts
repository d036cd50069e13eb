import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import type { PackedStats } from './packed-stats.js';
import type { ScanCalls } from './scan-calls.js';
import type { WalkedStat } from './types.js';

/** One directory while it is listed. */
export interface OpenedDirectory {
  /** Whether this is the directory with an identity; true where that cannot be told before the last look at its path. */
  is(identity: Pick<WalkedStat, 'dev' | 'ino'>): boolean;
  /** The names in it, as segments of tree paths; one that comes twice comes twice in a row. */
  names(): readonly string[];
  /** Adds the stat of an entry itself at the end of `stats` and returns its mode; `undefined` where there is no entry. */
  stat(name: string, stats: PackedStats): number | undefined;
  close(): void;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Returns whether a name may hold escaped bytes, so that Node's calls must be given bytes. */
export function mayBeEscaped(name: string): boolean {
  return SURROGATE.test(name);
}

/** A directory that each call reaches by its path anew: all that Node can do. */
export class PathDirectory implements OpenedDirectory {
  readonly #calls: ScanCalls;
  readonly #path: string | Buffer;

  constructor(calls: ScanCalls, path: string | Buffer) {
    this.#calls = calls;
    this.#path = path;
  }

  is(): boolean {
    return true;
  }

  /** Node's decoder repairs what is not UTF-8; where a name may have been repaired, all are read again as bytes. */
  names(): readonly string[] {
    const names = this.#calls.names(this.#path);
    if (!names.some((name) => name.includes('\ufffd'))) return names;
    return this.#calls.nameBytes(this.#path).map(treePathFromBytes);
  }

  stat(name: string, stats: PackedStats): number | undefined {
    const stat = this.#calls.lstat(this.#nativeOf(name));
    if (!stat) return undefined;
    stats.add(stat);
    return Number(stat.mode);
  }

  close(): void {
    // Nothing is open.
  }

  #nativeOf(name: string): string | Buffer {
    if (typeof this.#path === 'string' && !mayBeEscaped(name)) return `${this.#path}/${name}`;
    const directory = typeof this.#path === 'string' ? Buffer.from(this.#path) : this.#path;
    return Buffer.concat([directory, Buffer.from('/'), treePathToBytes(name)]);
  }
}
