import type { MissReason, ObjectId } from '@muse/stat-cache';
import type { DiffEntry, ModifiedEntry, RenamedEntry } from './diff.js';
import type { RuleText } from './rule-texts.js';
import type { Problem, Snapshot, SnapshotCall, SnapshotterOptions } from './types.js';

/** The field of a stat in which a file differs from its cache entry. */
export type StatField = Exclude<MissReason, 'new' | 'racy' | 'cache-reset'>;

/** A file whose stat and bytes are not those that the cache has: it was edited since, and the next snapshot sees it. */
export interface EditedFile {
  /** Tree path. */
  readonly path: string;
  /** The first field that differs. */
  readonly field: StatField;
  /** The object id in the cache. */
  readonly before: ObjectId;
  /** The object id of the bytes that were read. */
  readonly after: ObjectId;
}

/** A file whose stat is not the one that the cache has, while its bytes are. */
export interface TouchedFile {
  /** Tree path. */
  readonly path: string;
  /** The first field that differs. */
  readonly field: StatField;
  readonly objectId: ObjectId;
}

/**
 * A file whose bytes are not those that the cache has, though nothing in its stat says so: the storage lost them, or
 * somebody wrote them in a way that the file system did not stamp. Snapshots go on giving it the object id `before`.
 */
export interface MismatchedFile {
  /** Tree path. */
  readonly path: string;
  /** The object id in the cache. */
  readonly before: ObjectId;
  /** The object id of the bytes that were read. */
  readonly after: ObjectId;
}

/** A file that is gone, and not merely left out or hidden. */
export interface MissingFile {
  /** Tree path. */
  readonly path: string;
  /** The object id that it had. */
  readonly objectId: ObjectId;
}

/** How a tree is verified. */
export interface VerifyOptions extends SnapshotterOptions, SnapshotCall {
  /** The cache to compare with; as for a snapshot, but it is never changed or saved. */
  readonly cache?: SnapshotterOptions['cache'];
  /**
   * The probability, from 0 to 1, with which each file is chosen, whatever becomes of the others; those not chosen are
   * not read. At least one is read that there is something to compare with, if there is such a file. Default: 1, every
   * file.
   */
  readonly sample?: number | undefined;
  /** Chooses the files of a sample: the same ones for the same seed and paths. Default: random. */
  readonly seed?: number | undefined;
}

/** How a tree is verified beside a manifest. */
export interface VerifyManifestOptions extends Omit<VerifyOptions, 'cache'> {
  /**
   * Asked, once the tree was read, what to compare with, by the texts that the rules were made of. Default: the manifest
   * as it was given.
   */
  readonly judged?:
    ((rules: readonly RuleText[]) => Promise<Pick<Snapshot, 'manifest' | 'problems'>>) | undefined;
}

/** What was read, and what could not be. */
export interface VerifiedFiles {
  /** Files read and compared. */
  readonly files: number;
  /** Bytes of the files that were read. */
  readonly bytes: number;
  /** Files that are not in the sample. */
  readonly skipped: number;
  /** The seed that chose the sample. */
  readonly seed: number;
  /** What could not be listed or read, as in a snapshot. */
  readonly problems: readonly Problem[];
  /** True when `problems` is empty: every file of the tree, or of the sample, was read. */
  readonly complete: boolean;
}

/** What reading a tree again has shown; each list is in path order. */
export interface Verification extends VerifiedFiles {
  /** Files among `files` of which the cache claims nothing: they are not in it, or racy there. */
  readonly uncached: number;
  readonly edited: readonly EditedFile[];
  readonly touched: readonly TouchedFile[];
  /** Each was listed, read and compared a second time. */
  readonly mismatch: readonly MismatchedFile[];
  /** Files that the cache has, of a sample too: all were looked for. */
  readonly missing: readonly MissingFile[];
}

/** What reading a tree again has shown beside a manifest of before; each list is in path order. */
export interface ManifestVerification extends VerifiedFiles {
  /** Files with other bytes. */
  readonly changed: readonly ModifiedEntry[];
  /** Files that are not there any more. */
  readonly missing: readonly MissingFile[];
  /** Files that are found under another path. */
  readonly moved: readonly RenamedEntry[];
  /** Files that the manifest does not have. */
  readonly added: readonly DiffEntry[];
  /** Files that one side has and the other cannot vouch for: they are in no other list. */
  readonly unknown: readonly string[];
}
