import type { BigIntStats } from 'node:fs';

/** The fields of a stat that tell one version of a file from another. */
export type WalkedStat = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** What keeps an entry of a directory out of the files: its kind, or the rule that left it out. */
export type LeftOutKind =
  'symlink' | 'fifo' | 'socket' | 'device' | 'unknown' | 'ignored' | 'reserved' | 'other-device';

/** Decides what a walk leaves out, beyond what it always leaves out. */
export interface IgnoreRules {
  /**
   * True for an entry to leave out. Asked top-down: never about an entry below a directory that was left out.
   * `path` is a tree path; `directory` tells a directory from anything else.
   */
  ignores(path: string, directory: boolean): boolean;
}

/** One file or directory that a walk could not vouch for. */
export interface WalkProblem {
  /** Tree path; `''` is the root. */
  readonly path: string;
  /** `torn` for a directory that was replaced each time it was listed. */
  readonly kind: 'unreadable' | 'torn' | 'path-too-long' | 'io-error';
  /** The system call that failed: `lstat` or `readdir`. */
  readonly operation: string;
  /** The system's code, such as `EACCES`; `ETORN` for a torn directory. */
  readonly code: string;
  /** What the system said, without the path. */
  readonly message: string;
}

/** Names that are left out at every depth. */
export const RESERVED_NAMES: readonly string[] = ['.muse', '.git'];
