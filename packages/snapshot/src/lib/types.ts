import type { TemporaryFiles } from '@muse/paths/files';
import type { Logger, MissReason, ObjectId, StatCache } from '@muse/stat-cache';
import type { IgnoreRules, LeftOutKind, Problem } from '@muse/walker';

/** Tree path to object id, in path order. */
export type Manifest = ReadonlyMap<string, ObjectId>;

/** What one snapshot did, in numbers. */
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

/** What is in a working tree. */
export interface Snapshot {
  /** The snapshot id: SHA-256 over the manifest's paths and object ids. */
  readonly id: ObjectId;
  readonly manifest: Manifest;
  /** True when `problems` is empty: every file is in the manifest or left out by a stated rule. */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly stats: SnapshotStats;
  /** The texts that the rules were made of, where that is known. */
  readonly rules?: readonly RuleText[] | undefined;
  /** Why the cache could not be saved, where it could not; the snapshot itself is not affected. */
  readonly saveError?: Error;
}

/** How far a snapshot has come. */
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

/** How a root is opened. */
export interface SnapshotterOptions extends TreeOptions {
  /**
   * A tree path: take only this directory, as if it stood alone. Paths in the result begin there, so that the id is that of
   * `subtree()` of the whole; the cache and the ignore rules are those of the root. A link on the way is refused, and a
   * directory that is left out is a `LeftOutError`. Default: `''`, all of the root.
   */
  readonly subtree?: string | undefined;
  /**
   * The cache to use; `false` for none. Default: the one under `<root>/.muse`, or none where there is no `.muse`.
   * A cache given here is saved after each snapshot.
   */
  readonly cache?: StatCache | false | undefined;
  /**
   * Threads that list and hash at most; 1 starts no worker. Default: the processors available to this process. No more
   * than 64 are started, or the number of processors where that is larger: each takes some 10 MiB.
   */
  readonly threads?: number | undefined;
  /** What to leave out instead of what `<root>/.museignore` says at the time of each snapshot; `false`: nothing. */
  readonly ignore?: IgnoreRules | false | undefined;
  /** What went wrong on the way to the root, such as rules above it that were not obeyed: it is in the result. Default: none. */
  readonly problems?: readonly Problem[] | undefined;
  readonly logger?: Logger | undefined;
  /** Hears of the temporary files that the cache of the root makes; see `TemporaryFiles`. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

/** How one of many snapshots is taken. */
export interface SnapshotCall {
  /** Ends the call early: it rejects with the signal's reason, and leaves no temporary file. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Put the manifest together when it is first asked for, in one go of some 0.5 µs a file, instead of within the call,
   * which lets the event loop turn: for who may need no more than the snapshot id. Default: false.
   */
  readonly deferManifest?: boolean | undefined;
  /** Called at most some twenty times a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** How one snapshot of a root is taken. */
export interface SnapshotOptions extends SnapshotterOptions, SnapshotCall {}

/** Takes snapshots of one root; keeps the cache and the workers between them. */
export interface Snapshotter {
  /** The root with its symbolic links resolved. */
  readonly root: string;
  /**
   * Rejects when the root is gone, when its `.museignore` is broken by now, or when the call is aborted; everything else
   * is a problem in the result. One snapshot is taken at a time: a second call waits for the first.
   */
  snapshot(call?: SnapshotCall): Promise<Snapshot>;
  /** Ends the workers; a snapshot under way is finished first. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * What is left out of a tree besides `.muse` and `.git`. Plain data, so that it can be kept and given again: with the same
 * options and the same rule files the same files are in the tree.
 */
export interface TreeOptions {
  /** Stay on the root's device: directories where another one is mounted are left out and counted. Default: false. */
  readonly oneFileSystem?: boolean | undefined;
  /**
   * Leave out what git leaves out of the files that it does not track, too: by `.gitignore` files and
   * `.git/info/exclude`, which every other rule overrules. Default: false.
   */
  readonly gitignore?: boolean | undefined;
  /**
   * Files in the format of `.museignore`, as native paths, of which each overrules `.museignore` and those before it;
   * read at the time of each snapshot. Default: none.
   */
  readonly ignoreFiles?: readonly string[] | undefined;
  /** Patterns as in a `.gitignore` at the root, one each, which overrule all other rules. Default: none. */
  readonly exclude?: readonly string[] | undefined;
  /** Read no file of rules: neither `.museignore` nor those that are asked for above. Default: false. */
  readonly noIgnore?: boolean | undefined;
  /**
   * Ids of users whose `.muse`, `.museignore`, `.git` and `.gitignore` count at the directory that is taken and above it,
   * besides those of root, of the user (with sudo, of who called it), and of the owner of that directory: what others own
   * there is not obeyed, and a problem. Default: none.
   */
  readonly trustOwners?: readonly number[] | undefined;
}

/** A text that the rules of a snapshot were made of. */
export interface RuleText {
  /** Where it stands: a tree path, or a native one where that is not below the root. */
  readonly file: string;
  /** SHA-256 of what counts in it. */
  readonly digest: string;
}
