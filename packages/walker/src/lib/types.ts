/** What an entry of a directory is, as `lstat` says. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'unknown';

/** Why an entry is not among the files: its kind, or the rule that left it out. */
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
