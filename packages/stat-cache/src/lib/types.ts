import type { BigIntStats } from 'node:fs';
import type { PackedRead } from './packed.js';

/** A content id: `sha256:` and the 64 lower-case hex digits of SHA-256 over a file's bytes. */
export type ObjectId = `sha256:${string}`;

const ALGORITHM = 'sha256:';
const LENGTH = ALGORITHM.length + 64;

/** Returns whether a value is an object id as {@link blobId} writes it. */
export function isObjectId(text: unknown): text is ObjectId {
  if (typeof text !== 'string' || text.length !== LENGTH || !text.startsWith(ALGORITHM)) return false;
  for (let at = ALGORITHM.length; at < LENGTH; at++) {
    const unit = text.charCodeAt(at);
    // 0 to 9 and a to f.
    if (!((unit >= 0x30 && unit <= 0x39) || (unit >= 0x61 && unit <= 0x66))) return false;
  }
  return true;
}

/** The fields of a stat that decide validity and trust; pass the result of `lstat(path, { bigint: true })` as it is. */
export type FileStat = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** A file as the cache remembers it: the stat it had and the object id its bytes had under that stat. */
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
 * Entries by tree path. They never change, whatever is saved later, by this process or another. An implementation may keep
 * them in any form, and check and decode an entry only when it is asked for.
 */
export interface CacheContents {
  /** The number of entries. */
  readonly size: number;
  has(path: string): boolean;
  get(path: string): FileCacheEntry | undefined;
  /** All entries, in any order. */
  entries(): Iterable<readonly [path: string, entry: FileCacheEntry]>;
  /**
   * The same entries as text, for contents that have it at hand. A scan joins its listings with it in any thread, at 0.5 µs
   * a file, where it otherwise asks for each path at some 2 µs.
   */
  readonly lines?: StoredLines | undefined;
  /**
   * Checks everything not yet checked, and returns the result that a full check while decoding would have given. For
   * contents that check an entry only when it is asked for.
   */
  verify?(): DecodeResult;
}

/**
 * Entries as text in memory: one line each, written as FORMAT.md says under "A line", in path order, between them a comma
 * and a line feed, and a line feed after the last. Readers treat a damaged line as a miss, and so all lines that share
 * a path.
 */
export interface StoredLines {
  /** UTF-8; in a `SharedArrayBuffer`, threads read it without a copy. */
  readonly bytes: Uint8Array;
  /** Offset of the first line. */
  readonly from: number;
  /** Offset after the line feed of the last line. */
  readonly to: number;
  /** The number of lines. */
  readonly count: number;
}

/** The reason why a stored cache could not be used. The cache is then empty, and every file is hashed again. */
export type DiscardReason = 'unreadable' | 'not-json' | 'version' | 'shape' | 'checksum' | 'too-large';

/** Why stored bytes cannot be used. */
export interface Discarded {
  readonly discarded: DiscardReason;
  readonly detail: string;
}

/** The result of decoding stored bytes. */
export type DecodeResult =
  | {
      readonly contents: CacheContents;
      /** Entries left out because they were damaged, as far as they were checked. */
      readonly dropped: number;
      /**
       * Where a check still goes on elsewhere: resolves with why the contents cannot be used after all, and with `undefined`
       * if they can. Never rejects.
       */
      readonly checking?: Promise<Discarded | undefined> | undefined;
    }
  | Discarded;

/** The result of a load: contents, a reason why there are none, or `undefined` if nothing was ever stored. */
export type LoadResult = DecodeResult | undefined;

/** Entries to add or replace, by tree path. */
export interface PutEntries extends ReadonlyMap<string, FileCacheEntry> {
  /**
   * Returns an entry without dimensions as numbers in memory, for whoever writes many and needs no object for each. It is
   * to be read before the next call. `undefined` where the entry has no such form.
   */
  packed?(path: string): PackedRead | undefined;
}

/** The changes since contents were loaded. They stay as they are during the save, and must not be kept after it. */
export interface CacheChange {
  /** The loaded contents, or empty ones. A codec copies unchanged entries from them; a database has no need of them. */
  readonly base: CacheContents;
  /** Entries to add or replace since loading, including those of earlier saves. All are trusted. */
  readonly put: PutEntries;
  /** Tree paths to remove, none of them in `put`; may name some that are not stored. */
  readonly remove: ReadonlySet<string>;
}

/** The time a storage's file system would stamp on a change made now. */
export interface ProbeStamp {
  /** `ctime` of a file made just now, nanoseconds since the Unix epoch. */
  readonly ctimeNs: bigint;
  /** The device whose clock this is. */
  readonly dev: bigint;
}

/** Bounds for one load. */
export interface LoadOptions {
  /** Stored bytes above this number are not read: the result is `discarded: 'too-large'`. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bounds for one save. */
export interface SaveOptions {
  /**
   * A save that would store more bytes than the next load accepts rejects and changes nothing. Default:
   * `MAX_CACHE_BYTES`. Has no meaning if contents are not bytes.
   */
  readonly maxBytes?: number | undefined;
}

/**
 * A place where contents live: a file, memory, a database, a build server. Prove yours with
 * `@muse/stat-cache/conformance`.
 */
export interface CacheStorage {
  /** Never rejects because of what is stored: damage is a `discarded` reason, and so is what cannot be read. */
  load(options: LoadOptions): Promise<LoadResult>;
  /**
   * Applies the whole change or none of it, and rejects on failure. Many saves may follow one load, and others may save to
   * the same place meanwhile.
   */
  save(change: CacheChange, options?: SaveOptions): Promise<void>;
  /**
   * Reads the clock of the file system that this storage writes to. Without it, or if it resolves to `undefined`, the
   * boundary is the local clock less 3 s.
   */
  probe?(): Promise<ProbeStamp | undefined>;
}

/** Computes SHA-256, as 64 hex digits. */
export type Sha256 = (bytes: Uint8Array) => string;
/** Does so on another thread. The bytes, in shared memory, stay as they are until then. */
export type Sha256Elsewhere = (bytes: Uint8Array) => Promise<string>;

/** Turns contents into bytes and back. */
export interface CacheCodec {
  /** Never throws: damage is a `discarded` reason. May keep the bytes, which must not change any more. */
  decode(bytes: Uint8Array): DecodeResult;
  /** Yields the whole text after the change, in pieces to write in order. A piece never changes once it is yielded. */
  encode(change: CacheChange): Iterable<Uint8Array>;
}

/** The reason why only reading a file can tell its object id. */
export type MissReason = 'new' | 'size' | 'mtime' | 'ctime' | 'inode' | 'racy' | 'cache-reset';

/** Receives messages: `debug` for details, `warn` for what costs time, `error` for what needs a person. */
export interface Logger {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The most dimensions of one entry. */
export const MAX_DIMENSIONS = 1000;
/** The most UTF-16 units of a dimension's name. */
export const MAX_DIMENSION_NAME = 1000;

/** The most UTF-16 units that all dimensions of one entry may have, names and values. */
export const MAX_DIMENSION_UNITS = 2 * 1024 * 1024;
/** The most bytes of one entry's text: 16 MiB. Some ten times as much is in memory while it is judged. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

/** The version that a cache file must have to be read: 3. */
export const CACHE_VERSION = 3;

/**
 * The size of the largest cache file that is read or written, in bytes: 384 MiB. A tree of one million files fits, at up
 * to 400 bytes a file; and the text still fits into one string of V8, which ends near 512 MiB.
 */
export const MAX_CACHE_BYTES = 384 * 1024 * 1024;
