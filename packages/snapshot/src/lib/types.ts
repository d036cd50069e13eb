import type { TemporaryFiles } from '@muse/paths/files';
import type { Logger, MissReason, ObjectId, StatCache } from '@muse/stat-cache';
import type { IgnoreRules, LeftOutKind, Problem } from '@muse/walker';

/** Tree path to object id, in path order. */
export type Manifest = ReadonlyMap<string, ObjectId>;

/** Counts and times of one snapshot. */
export interface SnapshotStats {
  /** Files in the manifest. */
  files: number;
  /** Bytes of the files in the manifest. */
  bytes: number;
  /** Directories listed, the root included. */
  directories: number;
  /** Files whose object id came from the cache. */
  hits: number;
  /** Files that had to be read, by reason. */
  misses: Record<MissReason, number>;
  /** Files read and hashed. */
  hashedFiles: number;
  /** Bytes read and hashed. */
  hashedBytes: number;
  /** Entries of directories that are not in the manifest, by kind; an ignored directory counts once. */
  leftOut: Record<LeftOutKind, number>;
  /** Files that changed so recently that the cache file leaves them out: the next snapshot reads them again. */
  racy: number;
  /** Files among those read whose ctime lies ahead of the clock: they are racy until it gets there. */
  ahead: number;
  /** Cache entries removed because their file is gone. */
  pruned: number;
  /** Wall time per phase, milliseconds. `load` overlaps `scan` and is what `open` waited for. */
  milliseconds: { load: number; scan: number; hash: number; save: number; total: number };
}

/** The content of a working tree. */
export interface Snapshot {
  /** The snapshot id: SHA-256 over the manifest's paths and object ids. */
  readonly id: ObjectId;
  /**
   * How it was found out: by a scan of all directories, or by listing those alone that events told of. The promise is the
   * same; only a snapshotter that watches answers by events.
   */
  readonly by: 'scan' | 'events';
  readonly manifest: Manifest;
  /** True when `problems` is empty: every file is in the manifest or left out by a stated rule. */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly stats: SnapshotStats;
  /** The texts that the rules were made of, if known. */
  readonly rules?: readonly RuleText[] | undefined;
  /** The bytes that belong to each object id in the manifest, if they were asked for. */
  readonly sizes?: ReadonlyMap<ObjectId, number> | undefined;
  /** Why the cache could not be saved, if it could not; the snapshot itself is not affected. */
  readonly saveError?: Error;
}

/** The progress of a snapshot. */
export interface Progress {
  readonly phase: 'scan' | 'hash' | 'save';
  /** Files found so far. */
  readonly files: number;
  /** Files hashed so far, and how many there are to hash; 0 during `scan`. */
  readonly hashedFiles: number;
  readonly filesToHash: number;
  readonly hashedBytes: number;
  readonly bytesToHash: number;
}

/** Options for opening a root. */
export interface SnapshotterOptions extends TreeOptions {
  /**
   * The tree path of the one directory to take, as if it stood alone. Paths in the result begin there, so the id is
   * that of `subtree()` of the whole; the cache and the ignore rules are those of the root. Rejects if a link is on the
   * way, and with a `LeftOutError` if the directory is left out. Default: `''`, all of the root.
   */
  readonly subtree?: string | undefined;
  /**
   * The cache to use; `false` for none. Default: the one under `<root>/.muse`, or none where there is no `.muse`.
   * A cache given here is saved after each snapshot.
   */
  readonly cache?: StatCache | false | undefined;
  /**
   * The most threads that list and hash; 1 starts no worker. Default: the processors available to this process. Never
   * more than 64, or the number of processors if that is larger: each takes some 10 MiB.
   */
  readonly threads?: number | undefined;
  /**
   * Watches the tree, so that the snapshots of {@link openSnapshotter} take the time of what changed. Where the system tells
   * of no changes, or not of all, they are taken by scans as ever, and `logger` hears why. Default: false.
   */
  readonly watch?: boolean | undefined;
  /** The rules to use instead of `<root>/.museignore`, which is read for each snapshot; `false` for none. */
  readonly ignore?: IgnoreRules | false | undefined;
  /** Problems to add to the result, such as rules above the root that were not obeyed. Default: none. */
  readonly problems?: readonly Problem[] | undefined;
  readonly logger?: Logger | undefined;
  /** Told of the temporary files that the cache of the root makes; see `TemporaryFiles`. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

/** Options of one of many snapshots. */
export interface SnapshotCall {
  /** Ends the call early: it rejects with the signal's reason, and leaves no temporary file. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Builds the manifest on first access, in one go of some 0.5 µs a file, instead of within the call, which lets the
   * event loop turn. Use it when only the id may be needed. Default: false.
   */
  readonly deferManifest?: boolean | undefined;
  /** Adds `sizes` to the result, which takes some 3.5 µs a file. A snapshotter that watches adds none. Default: false. */
  readonly sizes?: boolean | undefined;
  /** Called some twenty times a second at most. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A file that is on one side only. */
export interface DiffEntry {
  readonly path: string;
  readonly objectId: ObjectId;
}

/** A file whose content differs. */
export interface ModifiedEntry {
  readonly path: string;
  readonly before: ObjectId;
  readonly after: ObjectId;
}

/** A file whose content is found under another path. */
export interface RenamedEntry {
  readonly from: string;
  readonly to: string;
  readonly objectId: ObjectId;
}

/** The differences between two manifests; each list is in path order, `renamed` by `to`. */
export interface ManifestDiff {
  readonly added: readonly DiffEntry[];
  readonly modified: readonly ModifiedEntry[];
  readonly deleted: readonly DiffEntry[];
  /** In neither `added` nor `deleted`. */
  readonly renamed: readonly RenamedEntry[];
}

/** The differences between two snapshots, as far as both can tell. */
export interface SnapshotDiff extends ManifestDiff {
  /**
   * Files that one of the snapshots has and the other cannot vouch for, because of a problem with the file or a
   * directory above it. They are in no other list: nobody knows whether they are still there, or were before. In path
   * order, those of `before` first.
   */
  readonly unknown: readonly string[];
}

/** Options of {@link Snapshotter.changes}. */
export interface ChangesOptions extends Pick<SnapshotCall, 'onProgress'> {
  /** Ends the changes: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds without a further event after which what changed counts as one change; it is told after ten times as
   * long, whatever else happens. Default: 50.
   */
  readonly settleMs?: number | undefined;
  /**
   * Makes the id of a snapshot on first access, in one go of some 0.1 µs a file, instead of before the change is told. Use it
   * where the paths are enough. Default: false.
   */
  readonly deferId?: boolean | undefined;
}

/** A change of a tree. What it lists is the difference from the change before; nothing for the first one. */
export interface TreeChange extends SnapshotDiff {
  /** `start` for the first one, the tree as it is when the iteration begins. */
  readonly kind: 'start' | 'change';
  /**
   * Files that were in the tree and that this snapshot cannot vouch for, because of a problem with the file or a directory
   * above it. A later change lists each as what has become of it since it was last seen, or not at all if nothing has.
   */
  readonly unknown: readonly string[];
  /** The tree after the change. */
  readonly snapshot: Snapshot;
}

/** Options for opening a root and taking one snapshot of it. */
export interface SnapshotOptions extends Omit<SnapshotterOptions, 'watch'>, SnapshotCall {}

/** Takes snapshots of one root, and keeps the cache and the workers between them. */
export interface Snapshotter {
  /** The root with its symbolic links resolved. */
  readonly root: string;
  /**
   * Takes a snapshot. Rejects when the root is gone, when its `.museignore` is broken, or when the call is aborted;
   * everything else is a problem in the result. Takes one at a time: a second call waits for the first.
   */
  snapshot(call?: SnapshotCall): Promise<Snapshot>;
  /**
   * Tells of the tree as it is, and then of each change to it, until the loop over it is left or `signal` is aborted. Throws
   * where {@link Snapshotter.snapshot} rejects. Keeps the process alive meanwhile.
   *
   * Throws a `RangeError` for a `settleMs` below 0.
   *
   * With `watch` it asks as soon as something changed. Where no event tells (without `watch`, or of directories that cannot
   * be watched), it asks from time to time: each second, or less often where a scan takes long. Of a mount in the tree, or a
   * root that moved with the directory above it, no event tells ever: for those it asks each five seconds.
   *
   * What changes while the loop's body runs is one change afterwards. Several loops may run at once, and each is told of all
   * changes. A loop ends by itself once the snapshotter is closed.
   */
  changes(options?: ChangesOptions): AsyncGenerator<TreeChange, void, undefined>;
  /** Ends the workers; a snapshot under way is finished first. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Options for what is left out of a tree besides `.muse` and `.git`. Plain data, so that they can be kept: the same
 * options and the same rule files leave the same files in the tree.
 */
export interface TreeOptions {
  /** Leaves out directories on another device than the root, and counts them. Default: false. */
  readonly oneFileSystem?: boolean | undefined;
  /**
   * Also leaves out the untracked files that git ignores, by `.gitignore` files and `.git/info/exclude`. Every other
   * rule overrules those. Default: false.
   */
  readonly gitignore?: boolean | undefined;
  /**
   * Native paths of further files in the format of `.museignore`, read for each snapshot. Each overrules `.museignore`
   * and the files before it. Default: none.
   */
  readonly ignoreFiles?: readonly string[] | undefined;
  /** Patterns as in a `.gitignore` at the root, which overrule all other rules. Default: none. */
  readonly exclude?: readonly string[] | undefined;
  /** Reads no file of rules, neither `.museignore` nor those named above. Default: false. */
  readonly noIgnore?: boolean | undefined;
  /**
   * Ids of further users whose `.muse`, `.museignore`, `.git` and `.gitignore` count at the directory that is taken and
   * above it. Those of root, of the user (with sudo, the one who called it) and of the owner of that directory always
   * do. Rules of anyone else there are not obeyed, which is a problem. Default: none.
   */
  readonly trustOwners?: readonly number[] | undefined;
}

/** A text that the rules of a snapshot were made of. */
export interface RuleText {
  /** Its place: a tree path, or a native path outside the root. */
  readonly file: string;
  /** SHA-256 of what counts in it. */
  readonly digest: string;
}
