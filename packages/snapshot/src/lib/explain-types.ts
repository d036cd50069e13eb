import type { DiscardReason, ObjectId } from '@muse/stat-cache';
import type { LeftOutKind } from '@muse/walker';
import type { IgnoreRule } from '@muse/walker/ignore';
import type { TreeOptions } from './tree-options.js';
import type { Problem, SnapshotterOptions } from './types.js';

/** By what a path is judged: as for a snapshot, but the cache is only read. */
export type ExplainOptions = TreeOptions &
  Pick<SnapshotterOptions, 'cache' | 'ignore' | 'logger' | 'problems' | 'subtree'>;

/** What keeps an entry of a directory from being a regular file or a directory. */
export type SpecialFileKind = Exclude<LeftOutKind, 'ignored' | 'reserved' | 'other-device'>;

/** What a snapshot taken now would make of a path, and why. `at` is a tree path: the path itself, or one above it. */
export type Explanation =
  | FileExplanation
  /** A directory; it has no object id of its own. */
  | { readonly outcome: 'directory' }
  /** Left out by a rule that matches `at`. The rule is known unless the rules are the caller's own and do not tell it. */
  | { readonly outcome: 'ignored'; readonly at: string; readonly rule: IgnoreRule | undefined }
  /** Left out, because everything named like `at` is: `.muse` and `.git`. */
  | { readonly outcome: 'reserved'; readonly at: string }
  /** Left out, because `at` is neither a regular file nor a directory. */
  | { readonly outcome: 'special'; readonly at: string; readonly kind: SpecialFileKind }
  /** Left out, because another file system is mounted at `at`. */
  | { readonly outcome: 'outside'; readonly at: string }
  /** Missing in the snapshot, which would be incomplete: something cannot be listed, looked at or opened. */
  | { readonly outcome: 'unreadable'; readonly problem: Problem }
  /** Not there: `at` is the first entry on the way that does not exist, or lies below a file. */
  | { readonly outcome: 'absent'; readonly at: string };

/** What a snapshot taken now would do about a regular file: take its object id from the cache, or read it. */
export type FileExplanation =
  | { readonly outcome: 'hit'; readonly objectId: ObjectId }
  | FieldMiss
  | {
      readonly outcome: 'miss';
      /** The cache has no entry for the file. */
      readonly reason: 'new';
      /**
       * Whether it had changed so shortly before the cache was last saved that it most likely was hashed then, and left
       * out as racy. That is a guess: what is racy is not stored, and no trace of it is.
       */
      readonly probablyRacy: boolean;
    }
  /** The cache was given by the caller, and the file had changed too recently when it was recorded. */
  | { readonly outcome: 'miss'; readonly reason: 'racy' }
  /** The cache could not be used, so that every file is read. */
  | { readonly outcome: 'miss'; readonly reason: 'cache-reset'; readonly discarded: DiscardReason };

/** A file whose stat is not the one in the cache. */
export interface FieldMiss {
  readonly outcome: 'miss';
  /** The first field that differs. */
  readonly reason: 'size' | 'mtime' | 'ctime' | 'inode';
  /**
   * The field in the cache: bytes, nanoseconds since the Unix epoch, or an inode number. `undefined` for a ctime that
   * the writer of the cache did not record.
   */
  readonly before: bigint | undefined;
  /** The field now. */
  readonly after: bigint;
}

/** Explains paths of one root by the rules and the cache that were there when it was opened. */
export interface Explainer {
  /** The root with its symbolic links resolved. */
  readonly root: string;
  /** As the function `explain`; for a second path nothing is loaded again. */
  explain(path: string): Promise<Explanation>;
  /** What was wrong with rules that could have decided about a path so far, such as those of strangers. */
  readonly problems: readonly Problem[];
}
