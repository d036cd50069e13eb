import type { BigIntStats } from 'node:fs';

/** The fields of a stat that tell one version of a file from another. */
export type WalkedStat = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** The reason why an entry is not among the files: its kind, or the rule that leaves it out. */
export type LeftOutKind =
  'symlink' | 'fifo' | 'socket' | 'device' | 'unknown' | 'ignored' | 'reserved' | 'other-device';

/** One pattern and where it was written. */
export interface IgnoreRule {
  readonly pattern: string;
  /** The table it stands in, as `global` or `domain.code`; a `.gitignore` has none. */
  readonly table?: string;
  /** Its line in the file, counted from 1. */
  readonly line?: number;
  /** The file that it was read from, as a native path. */
  readonly file?: string;
}

/** A directory that a walk has listed, for rules that are kept in the tree itself. */
export interface EnteredDirectory {
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** Tree path; `''` is the root. */
  readonly path: string;
  /** Returns false if the directory certainly holds no such name, except perhaps a directory; for `.git`, not even one. */
  readonly mayHold: (name: string) => boolean;
  /** The rules that were returned for it last; whoever returns them again says that nothing in them changed. Default: none. */
  readonly before?: IgnoreRules | undefined;
}

/** Decides what a walk leaves out, beyond what it always leaves out. The same rules always give the same answer. */
export interface IgnoreRules {
  /**
   * True for an entry to leave out. Asked top-down: never about an entry below a directory that was left out.
   * `path` is a tree path; `directory` tells a directory from anything else.
   */
  ignores(path: string, directory: boolean): boolean;
  /** Returns the rule by which `ignores` returns true, if known. */
  explain?(path: string, directory: boolean): IgnoreRule | undefined;
  /** The rule above the root that leaves the root itself out, if there is one. A walk of that root asks nobody. */
  readonly rootRule?: IgnoreRule | undefined;
  /**
   * Returns the rules for the entries of a directory. Called on the rules for the directory above (for the root, on these)
   * each time the directory is listed. Default: the rules are the same everywhere.
   */
  enter?(directory: EnteredDirectory): EnteredRules | Promise<EnteredRules>;
}

/** The rules for the entries of a directory. */
export interface EnteredRules {
  readonly rules: IgnoreRules;
  /** Problems of the walk with the rules in it. */
  readonly problems: readonly Problem[];
}

/** One file or directory that a walk, or a snapshot, could not vouch for. */
export interface Problem {
  /** Tree path; `''` is the root. */
  readonly path: string;
  /** `torn` if it changed or was replaced during each attempt, `not-trusted` for rules that were not obeyed. */
  readonly kind: 'unreadable' | 'torn' | 'path-too-long' | 'io-error' | 'not-trusted';
  /** The system call that failed, such as `lstat`, `readdir`, `open` or `read`. */
  readonly operation: string;
  /** The system's code, such as `EACCES`; `ETORN` for what is torn, `EOWNER` for rules that were not obeyed. */
  readonly code: string;
  /** The system's message, without the path. */
  readonly message: string;
}

/** Names that are left out at every depth. */
export const RESERVED_NAMES: readonly string[] = ['.muse', '.git'];
