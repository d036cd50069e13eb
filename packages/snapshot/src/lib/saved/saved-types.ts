import type { ObjectId, TemporaryFiles } from '@muse/stat-cache';
import type { RuleText } from '../rule-texts.js';
import type { TreeOptions } from '../tree-options.js';
import type { Manifest, Problem } from '../types.js';

/** What is known of a saved snapshot without its files. */
export interface SavedSnapshotInfo {
  /** The snapshot id. Snapshots of the same content have the same, however often they were saved. */
  readonly id: ObjectId;
  /**
   * When it was saved, to the millisecond, by the clock of the machine; after the one before it, even where that clock was
   * set back.
   */
  readonly savedAt: Date;
  /** What its saver had to say about it; `''` is nothing. */
  readonly note: string;
  /** The tree path of the directory that it is of; `''` is the root. */
  readonly subtree: string;
  /** The options that it was taken with; paths in it are absolute. */
  readonly options: TreeOptions;
  /** The texts that its rules were made of. */
  readonly rules: readonly RuleText[];
  /** Whether it has every file: false where there were problems. */
  readonly complete: boolean;
  /** Files in its manifest. */
  readonly files: number;
  /** Bytes of those files. */
  readonly bytes: number;
  /** The native path of the file that it is saved in. */
  readonly file: string;
}

/** A saved snapshot as a whole. Its id was made again from its manifest, and is the one that it was saved with. */
export interface SavedSnapshot extends SavedSnapshotInfo {
  readonly manifest: Manifest;
  readonly problems: readonly Problem[];
}

/** A saved snapshot that cannot be read any more. */
export interface DamagedSnapshot {
  /** The native path of the file. */
  readonly file: string;
  /** What is wrong with it. */
  readonly error: Error;
}

/** The saved snapshots of a root. */
export interface SavedSnapshotList {
  /** The newest first. */
  readonly snapshots: readonly SavedSnapshotInfo[];
  /** Those that are not among them, the newest first. */
  readonly damaged: readonly DamagedSnapshot[];
}

/** The saved snapshot to compare with. */
export interface LatestSnapshot {
  /** Undefined where there is none. */
  readonly snapshot: SavedSnapshot | undefined;
  /** Newer ones that cannot be read, the newest first: one of them may be the one that is wanted. */
  readonly damaged: readonly DamagedSnapshot[];
}

/** How a snapshot is saved. */
export interface SaveSnapshotOptions {
  /** What to say about it. Default: nothing. */
  readonly note?: string | undefined;
  /** The tree path of the directory that it is of. Default: `''`, the root. */
  readonly subtree?: string | undefined;
  /** The options that it was taken with, so that it can be compared by the same. Default: none. */
  readonly options?: TreeOptions | undefined;
  /** Ends the call early: it rejects with the signal's reason, and leaves no file behind. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of the temporary file. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

/** Which of the saved snapshots is looked for. */
export interface LatestSnapshotOptions {
  /** Only those of this directory, or of one above it. Default: `''`, the root, so that those of subtrees do not count. */
  readonly subtree?: string | undefined;
  /** How many of those to go back: 1 is the one before the latest. Default: 0. */
  readonly back?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a saved snapshot is read. */
export interface ReadSavedOptions {
  /** Hears of each damaged one that has the same id, and is newer. Default: nobody. */
  readonly onDamaged?: ((damaged: DamagedSnapshot) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
