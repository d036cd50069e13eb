import type { BigIntStats } from 'node:fs';

/** A content id: `sha256:` and the 64 lower-case hex digits of SHA-256 over a file's bytes. */
export type ObjectId = `sha256:${string}`;

/** The fields of a stat that decide validity and trust; pass the result of `lstat(path, { bigint: true })` as it is. */
export type FileStat = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** What a cache knows about one file: the stat it had and the object id its bytes had under that stat. */
export interface FileCacheEntry {
  /** Size in bytes. */
  readonly size: bigint;
  /** Modification time, nanoseconds since the Unix epoch; may be negative. */
  readonly mtimeNs: bigint;
  /**
   * Inode change time, nanoseconds since the Unix epoch; never a creation time. `undefined` where the writer of a
   * foreign cache file did not record it: such an entry is never a hit.
   */
  readonly ctimeNs: bigint | undefined;
  /** Inode number, above 0 on every POSIX file system. */
  readonly ino: bigint;
  /** The object id of the bytes the file had under this stat. */
  readonly objectId: ObjectId;
  /** Strings that plugins derived from the content of `objectId`, by the plugin's name. */
  readonly dimensions: ReadonlyMap<string, string>;
}

/**
 * Loaded entries by tree path. They never change, whatever is saved later, by this process or another; an implementation
 * may decode an entry only when it is asked for.
 */
export interface CacheContents {
  /** The number of entries. */
  readonly size: number;
  has(path: string): boolean;
  get(path: string): FileCacheEntry | undefined;
  /** All entries, in any order. */
  entries(): Iterable<readonly [path: string, entry: FileCacheEntry]>;
  /** All paths, in any order: for contents that can name them without decoding the entries. */
  paths?(): Iterable<string>;
  /** The entries as lines that other threads can read; their number is that of the entries and of damaged lines. */
  readonly sorted?: SortedLines | undefined;
}

/** Lines of canonical JSON v3 in path order, each ended by a line feed, in memory that threads may share. */
export interface SortedLines {
  readonly bytes: Uint8Array;
  /** Offset of the first line. */
  readonly from: number;
  /** Offset after the line feed of the last line. */
  readonly to: number;
  /** The number of lines. */
  readonly count: number;
}

/** Why a stored cache could not be used; the cache is empty then, and every file is hashed again. */
export type DiscardReason = 'unreadable' | 'not-json' | 'version' | 'shape' | 'checksum' | 'too-large';

/** What a codec made of stored bytes. */
export type DecodeResult =
  | {
      readonly contents: CacheContents;
      /** Entries left out because they were damaged. */ readonly dropped: number;
    }
  | { readonly discarded: DiscardReason; readonly detail: string };

/** What a storage gave back: contents, a reason why there are none, or `undefined` where nothing was ever stored. */
export type LoadResult = DecodeResult | undefined;

/** What changed since `base` was loaded or last saved. */
export interface CacheChange {
  /**
   * What was loaded, with all changes since that were saved from here: many saves may follow one load. A codec copies
   * unchanged lines from it; a database, which knows what it holds, ignores it. Not to be kept: the next save adds to it.
   */
  readonly base: CacheContents;
  /** Entries to add or replace, all of them trusted. Not to be kept: copy what must outlive the save. */
  readonly put: ReadonlyMap<string, FileCacheEntry>;
  /** Tree paths to remove; may name some that are not stored, and none that is in `put`. */
  readonly remove: ReadonlySet<string>;
}

/** The time a storage's file system would stamp on a change made now. */
export interface ProbeStamp {
  /** `ctime` of a file made just now, nanoseconds since the Unix epoch. */
  readonly ctimeNs: bigint;
  /** The device whose clock this is. */
  readonly dev: bigint;
}

/** How bytes become contents. */
export interface DecodeOptions {
  /**
   * Leave entries unchecked until they are asked for, where the text as a whole is vouched for by its checksum. The
   * answers are the same; `dropped` tells only of what was seen. Default: false.
   */
  readonly defer?: boolean | undefined;
}

/** Bounds for one load. */
export interface LoadOptions extends DecodeOptions {
  /** Stored contents above this many bytes are not read: the result is `discarded: 'too-large'`. Where they are bytes. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bounds for one save. */
export interface SaveOptions {
  /**
   * A save that would store more bytes than the next load accepts rejects and changes nothing. Default:
   * `MAX_CACHE_BYTES`. Without meaning where contents are not bytes.
   */
  readonly maxBytes?: number | undefined;
  /** Called after a save with contents equal to what is stored now, where a storage has them at hand. */
  readonly keep?: ((contents: CacheContents) => void) | undefined;
}

/** Where contents live: a file, memory, a database, a build server. Prove yours with `@muse/stat-cache/conformance`. */
export interface CacheStorage {
  /** Never rejects because of what is stored: damage is a `discarded` reason. */
  load(options: LoadOptions): Promise<LoadResult>;
  /** Applies the change whole or not at all; rejects when it could not. Others may save to the same place meanwhile. */
  save(change: CacheChange, options?: SaveOptions): Promise<void>;
  /**
   * The clock of the file system that this storage writes to. Without it, or where it gives `undefined`, the boundary
   * is the local clock less 3 s.
   */
  probe?(): Promise<ProbeStamp | undefined>;
}

/** Contents to bytes and back. */
export interface CacheCodec {
  /** Never throws: damage is a `discarded` reason. May keep the bytes, which must not change any more. */
  decode(bytes: Uint8Array, options?: DecodeOptions): DecodeResult;
  /** The whole text after the change, in pieces to be written one after the other; no piece changes once it is yielded. */
  encode(change: CacheChange): Iterable<Uint8Array>;
}

/** Why a file's object id is not known without reading it. */
export type MissReason = 'new' | 'size' | 'mtime' | 'ctime' | 'inode' | 'racy' | 'cache-reset';

/** Hears what is not an answer: `debug` for detail, `warn` for what costs time, `error` for what needs a person. */
export interface Logger {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
