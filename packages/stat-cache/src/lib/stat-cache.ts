import type { BigIntStats } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isTreePath, openLongPath, relativeTreePath, toFsPath } from '@muse/paths';
import type { TemporaryFiles } from '@muse/paths/files';
import { storageIn, storageOfRoot } from './file-storage.js';
import {
  hashFileWith,
  kindOf,
  namingPath,
  NotRegularFileError,
  quotePath,
  reachBelow,
  type FileBelow,
  type FileCalls,
} from './hash-file.js';
import {
  isObjectId,
  MAX_CACHE_BYTES,
  MAX_DIMENSION_NAME,
  MAX_DIMENSION_UNITS,
  MAX_DIMENSIONS,
  type CacheContents,
  type CacheStorage,
  type Discarded,
  type DiscardReason,
  type FileCacheEntry,
  type FileStat,
  type LoadOptions,
  type LoadResult,
  type Logger,
  type MissReason,
  type ObjectId,
  type Sha256Elsewhere,
  type StoredLines,
} from './types.js';
import { nextLine, pathOfLine } from './lines/lines.js';
import { contentsOf } from './memory-storage.js';
import type { PackedRead } from './packed.js';
import { changedField, Pending } from './pending.js';
import { BoundaryClock, realSystem, refreshRacy, type CacheSystem } from './trust.js';

/** Options of loading a cache. */
export interface LoadCacheOptions {
  /** The storage of the contents. Default: `<root>/.muse/cache/stat.json`. */
  readonly storage?: CacheStorage | undefined;
  /** More bytes than this are neither read nor written. Default: `MAX_CACHE_BYTES`. */
  readonly maxBytes?: number | undefined;
  /** Hears why contents were discarded: too large as an error, damage as a warning. Default: nobody. */
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of the temporary files of the default storage; pass it to any other storage yourself. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
  /**
   * Computes the checksum in the default storage elsewhere. With `defer`, the cache is open before that is known, and what it
   * says must not be used before {@link StatCache.confirm} does. Default: it is computed on this thread.
   */
  readonly digest?: Sha256Elsewhere | undefined;
  /**
   * Checks each stored entry when it is asked for, instead of all at loading, which takes 1 µs an entry. Then `dropped`, and
   * `discarded` for text of another shape, report only what loading saw. Default: false.
   */
  readonly defer?: boolean | undefined;
}

/** Records what was read of a file; see {@link StatCache.recorder}. */
export type Recorder = (path: string, read: PackedRead) => void;

interface SystemOptions extends LoadCacheOptions {
  /** Default: the system as it is. */
  readonly system?: CacheSystem | undefined;
}

/** Opens a cache as {@link StatCache.open} does, for tests that choose what happens between two of its system calls. */
export function openWithSystem(
  options: LoadCacheOptions & { readonly root: string },
  system: CacheSystem,
): Promise<StatCache> {
  const withSystem: SystemOptions & { readonly root: string } = { ...options, system };
  return StatCache.open(withSystem);
}

/** Options of {@link StatCache.prune}: the entries to spare. */
export interface PruneOptions {
  /** A tree path: everything outside that directory. Default: `''`, which spares nothing. */
  readonly below?: string | undefined;
}

/** No contents, as lines: a listing is joined with them, and no path of it looked up. */
const NOTHING: CacheContents = {
  ...contentsOf(new Map()),
  lines: { bytes: new Uint8Array(), from: 0, to: 0, count: 0 },
};

const STAT_FIELDS = ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const;

/**
 * Remembers the object id of each file together with the stat the file had, and returns it only while that stat proves
 * the content unchanged.
 */
export class StatCache {
  /** The root whose files it knows, absolute; `undefined` for {@link StatCache.empty}. */
  readonly root: string | undefined;
  /** Stored entries that were damaged and left out. */
  readonly dropped: number;

  readonly #storage: CacheStorage | undefined;
  readonly #maxBytes: number;
  readonly #system: CacheSystem;
  readonly #clock: BoundaryClock;
  readonly #pending: Pending;
  readonly #logger: Logger | undefined;
  #discarded: DiscardReason | undefined;
  /** The check of what was loaded, until it was waited for. */
  #checking: Promise<Discarded | undefined> | undefined;
  #changes = 0;
  #savedChanges = 0;
  #saving: Promise<unknown> = Promise.resolve();

  private constructor(
    root: string | undefined,
    storage: CacheStorage | undefined,
    { maxBytes = MAX_CACHE_BYTES, system = realSystem, logger }: SystemOptions,
    loaded: LoadResult,
  ) {
    this.root = root;
    this.#storage = storage;
    this.#maxBytes = maxBytes;
    this.#system = system;
    this.#clock = new BoundaryClock(
      async () => storage?.probe?.(),
      () => system.nowNs(),
    );
    const found = loaded && 'contents' in loaded ? loaded : undefined;
    this.#logger = logger;
    this.#checking = found?.checking;
    this.dropped = found ? found.dropped : 0;
    this.#pending = new Pending(found ? found.contents : NOTHING);
    if (loaded && 'discarded' in loaded) this.#discard(loaded);
  }

  /**
   * Loads the cache of a root. Never rejects because of what is stored: a cache that cannot be used is empty, with the
   * reason in {@link StatCache.discarded}. Rejects with the reason of `signal`.
   */
  static async open(options: LoadCacheOptions & { readonly root: string }): Promise<StatCache> {
    const root = resolve(options.root);
    const { maxBytes = MAX_CACHE_BYTES, defer = false, logger, signal } = options;
    signal?.throwIfAborted();
    const storage = options.storage ?? (await storageOfRoot(root, options));
    const loading = { maxBytes, signal };
    const loaded =
      storage && (defer ? await loadFrom(storage, loading) : await loadChecked(storage, loading));
    if (loaded && 'contents' in loaded && loaded.dropped > 0) {
      logger?.warn(
        `Left ${loaded.dropped} damaged entries out of the stat cache of ${quotePath(root)}: their files are read again`,
      );
    }
    return new StatCache(root, storage, options, loaded);
  }

  /**
   * Loads the cache in this `.muse` directory, whose root is the directory above it; see {@link StatCache.open}. Where
   * there is no such directory the cache is empty, and a save rejects.
   */
  static load(museDirectory: string, options: LoadCacheOptions = {}): Promise<StatCache> {
    const muse = resolve(museDirectory);
    const storage = options.storage ?? storageIn(muse, options);
    return StatCache.open({ ...options, root: dirname(muse), storage });
  }

  /**
   * Waits for the check of what was loaded, if that still goes on elsewhere. Resolves with whether what the cache said so far
   * holds; where it does not, the cache is empty from then on, and everything is to be asked once more. Call it before
   * anything is recorded.
   */
  async confirm(): Promise<boolean> {
    const fault = await this.#checking;
    this.#checking = undefined;
    if (fault) this.#discard(fault);
    return fault === undefined;
  }

  #discard({ discarded, detail }: Discarded): void {
    this.#discarded = discarded;
    this.#pending.rebase(NOTHING);
    const message = `Cannot use the stat cache of ${quotePath(this.root ?? '')}, every file is read again: ${detail} (${discarded})`;
    if (discarded === 'too-large') this.#logger?.error(message);
    else this.#logger?.warn(message);
  }

  /** Returns a cache that knows nothing and is never saved. */
  static empty(): StatCache {
    return new StatCache(undefined, undefined, {}, undefined);
  }

  /** The reason why stored contents were not used; `undefined` if they were, or if there were none. */
  get discarded(): DiscardReason | undefined {
    return this.#discarded;
  }

  /** The number of entries, racy ones included. */
  get size(): number {
    return this.#pending.size;
  }

  /** True when something was recorded, removed or set since loading or the last save. */
  get dirty(): boolean {
    return this.#changes !== this.#savedChanges;
  }

  /** True if {@link StatCache.save} has somewhere to save to. */
  get persistent(): boolean {
    return this.#storage !== undefined;
  }

  /** Entries that no save has stored because their files had changed too recently. */
  get racy(): number {
    return this.#pending.racyCount;
  }

  /**
   * The stored entries as lines that a listing can be joined with; `undefined` where they have another form. They do not
   * cover pending paths.
   */
  get lines(): StoredLines | undefined {
    return this.#pending.lines;
  }

  /** True if any path is pending. */
  get hasPending(): boolean {
    return !this.#pending.isEmpty;
  }

  /** Returns true if a pending change overrules the line of a path in {@link StatCache.lines}. */
  isPending(path: string): boolean {
    return this.#pending.isPending(path);
  }

  /** Yields the paths with an entry that is not in {@link StatCache.lines}. */
  pendingPaths(): Iterable<string> {
    return this.#pending.pendingPaths();
  }

  /** Returns true if there is an entry, whatever its stat. */
  has(path: string): boolean {
    return this.#pending.has(path);
  }

  /** Yields all entries, racy ones included, in no particular order. */
  entries(): Iterable<readonly [path: string, entry: FileCacheEntry]> {
    return this.#pending.entries();
  }

  /** Returns the object id of a file with this stat, or `undefined` when only reading the file can tell. */
  lookup(path: string, stat: FileStat): ObjectId | undefined {
    const entry = this.#pending.get(path);
    if (entry === undefined || this.#pending.isRacy(path)) return undefined;
    return changedField(entry, stat) === undefined ? entry.objectId : undefined;
  }

  /** Returns why {@link StatCache.lookup} has no answer, or `undefined` when it has one. */
  missReason(path: string, stat: FileStat): MissReason | undefined {
    const entry = this.#pending.get(path);
    if (entry === undefined) return this.discarded === undefined ? 'new' : 'cache-reset';
    return changedField(entry, stat) ?? (this.#pending.isRacy(path) ? 'racy' : undefined);
  }

  /**
   * Records what a file with this stat held. `boundary` is a {@link StatCache.boundary} taken before the fstat that
   * opened the hash; without one the entry stays racy until a save refreshes it. Do not record a file whose size is not the
   * number of bytes that were hashed. Throws a `TypeError` for a path that is no tree path, an id that is no object id or
   * a stat whose numbers are not bigints.
   */
  record(path: string, stat: FileStat, objectId: ObjectId, boundary?: bigint): void {
    if (!isTreePath(path)) throw new TypeError(`Cannot record ${quotePath(path)}: it is not a tree path`);
    if (!isObjectId(objectId)) {
      throw new TypeError(`Cannot record ${quotePath(path)}: ${quotePath(objectId)} is not an object id`);
    }
    // Each field is read once: a packed stat makes a bigint each time.
    const { dev, ino, size, mtimeNs, ctimeNs } = stat;
    const fields = [dev, ino, size, mtimeNs, ctimeNs];
    for (let i = 0; i < fields.length; i++) {
      if (typeof fields[i] !== 'bigint') {
        throw new TypeError(
          `Cannot record ${quotePath(path)}: the ${STAT_FIELDS[i] ?? ''} of its stat must be a bigint`,
        );
      }
    }
    const trusted =
      boundary !== undefined && this.#clock.trusts({ dev, ino, size, mtimeNs, ctimeNs }, boundary);
    const entry = { size, mtimeNs, ctimeNs, ino: BigInt.asUintN(64, ino), objectId };
    this.#pending.set(path, entry, trusted ? undefined : dev);
    this.#changes++;
  }

  /**
   * Returns a function that records files which are read after this boundary, as {@link StatCache.record} does, from what their
   * reader wrote into memory. It checks nothing: the paths must be tree paths, and as many bytes of each file have been
   * hashed as its size says.
   */
  recorder(boundary: bigint): Recorder {
    const trusts = this.#clock.judge(boundary);
    return (path, read) => {
      this.#pending.setRead(path, read, trusts(read));
      this.#changes++;
    };
  }

  /** Takes a boundary: the file system's own clock now, in nanoseconds since the Unix epoch. One serves a batch of files. */
  boundary(): Promise<bigint> {
    return this.#clock.now();
  }

  /**
   * Returns the object id of one file, from the cache where it can vouch for it, else by reading and recording it.
   * `file` is a native path below `root` as `root` is spelt here. Rejects with a `RangeError` where `root` does not lead
   * to this cache's own or `file` is not below it, and as `hashFile` does.
   */
  async getObjectHash(root: string, file: string | Uint8Array): Promise<ObjectId> {
    if (this.root !== undefined && !(await isSameDirectory(resolve(root), this.root))) {
      throw new RangeError(
        `Cannot hash below ${quotePath(root)}: this stat cache belongs to ${quotePath(this.root)}`,
      );
    }
    const path = relativeTreePath(root, file);
    const { files } = this.#system;
    const reached = reachBelow(files, root, path);
    try {
      const stat = await lstatWith(files, reached);
      if (!stat.isFile()) throw new NotRegularFileError(reached.native, kindOf(stat));
      const known = this.lookup(path, stat);
      if (known !== undefined) return known;
      const boundary = await this.boundary();
      const hashed = await hashFileWith(files, reached.native, { through: reached.through });
      if (BigInt(hashed.bytes) === hashed.stat.size)
        this.record(path, hashed.stat, hashed.objectId, boundary);
      return hashed.objectId;
    } catch (error) {
      throw namingPath(error, reached.native);
    } finally {
      reached.close();
    }
  }

  /** Returns the string set under this name for this content of the file, or `undefined`. */
  getDimension(path: string, objectId: ObjectId, name: string): string | undefined {
    const entry = this.#pending.get(path);
    return entry?.objectId === objectId ? entry.dimensions.get(name) : undefined;
  }

  /**
   * Keeps a string derived from this content of the file under a name. Returns false, and keeps nothing, when the entry
   * is for another content or there is none. Throws a `RangeError` for a name of more than 1,000 characters, for the 1,001st
   * dimension of an entry, and where all of an entry would have more than 2,097,152 characters.
   */
  setDimension(path: string, objectId: ObjectId, name: string, value: string): boolean {
    const entry = this.#pending.get(path);
    if (entry?.objectId !== objectId || entry.ctimeNs === undefined) return false;
    if (entry.dimensions.get(name) === value) return true;
    const dimensions = new Map(entry.dimensions).set(name, value);
    let units = 0;
    for (const [each, text] of dimensions) units += each.length + text.length;
    if (dimensions.size > MAX_DIMENSIONS || name.length > MAX_DIMENSION_NAME || units > MAX_DIMENSION_UNITS) {
      throw new RangeError(
        `Cannot keep a dimension of ${quotePath(path)}: an entry has at most ${MAX_DIMENSIONS}, of ${MAX_DIMENSION_UNITS} characters in all, with names of at most ${MAX_DIMENSION_NAME}`,
      );
    }
    this.#pending.setDimensions(path, { ...entry, ctimeNs: entry.ctimeNs, dimensions });
    this.#changes++;
    return true;
  }

  /** Removes the entries whose path is not in `known` and that the options do not spare, and returns how many. */
  prune(known: Pick<ReadonlySet<string>, 'has'>, { below = '' }: PruneOptions = {}): number {
    const prefix = below === '' ? '' : `${below}/`;
    const gone: string[] = [];
    for (const path of this.#pending.paths())
      if (path.startsWith(prefix) && !known.has(path)) gone.push(path);
    return this.#remove(gone);
  }

  /** Removes the entries of these paths, and returns how many there were. */
  remove(paths: Iterable<string>): number {
    const gone: string[] = [];
    for (const path of paths) if (this.#pending.has(path)) gone.push(path);
    return this.#remove(gone);
  }

  /** Removes the entries of the stored lines from one offset to another, but for the pending paths, and returns how many. */
  removeLines(ranges: Iterable<{ readonly from: number; readonly to: number }>): number {
    const { lines } = this;
    if (!lines) throw new Error('Cannot remove lines: the cache has none');
    const gone: string[] = [];
    for (const { from, to } of ranges) {
      for (let line = from; line < to; line = nextLine(lines.bytes, line)) {
        const path = pathOfLine(lines.bytes, line);
        if (path !== undefined && !this.isPending(path)) gone.push(path);
      }
    }
    return this.#remove(gone);
  }

  #remove(paths: readonly string[]): number {
    for (const path of paths) this.#pending.remove(path);
    if (paths.length > 0) this.#changes++;
    return paths.length;
  }

  /**
   * Stores the trusted entries that were recorded so far, for a run that may be interrupted before its own save, and
   * returns whether there were any. Waits for no racy file and takes no file for gone. Rejects as {@link StatCache.save}
   * does; what was to be stored is then stored by the next call of either.
   */
  checkpoint(): Promise<boolean> {
    return this.#afterOthers(async () => {
      if (this.#storage === undefined || this.#pending.unsavedCount === 0) return false;
      await this.#store(this.#storage);
      return true;
    });
  }

  /**
   * Stores what changed. Racy files that become quiet within 100 ms are waited for and hashed again, so that they are
   * hits from now on; the others stay out of the store. Writes nothing when nothing to be stored changed. Rejects with
   * the storage's error, such as `CacheNotSavedError`; what was to be saved is then saved by the next call.
   */
  save(): Promise<void> {
    return this.#afterOthers(() => this.#save());
  }

  /** Runs one save at a time. */
  #afterOthers<T>(save: () => Promise<T>): Promise<T> {
    const saved = this.#saving.then(save);
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #save(): Promise<void> {
    const storage = this.#storage;
    if (!this.dirty || !storage) return;
    if (this.root !== undefined && this.racy > 0) {
      const parts = { root: this.root, pending: this.#pending, clock: this.#clock, system: this.#system };
      await refreshRacy({ ...parts, record: this.record.bind(this) });
    }
    const changes = this.#changes;
    await this.#store(storage);
    this.#savedChanges = changes;
  }

  async #store(storage: CacheStorage): Promise<void> {
    const change = this.#pending.startSave();
    if (!change) return;
    let isStored = false;
    try {
      await storage.save(change, { maxBytes: this.#maxBytes });
      isStored = true;
    } finally {
      this.#pending.endSave(isStored);
    }
  }

  /**
   * Loads the stored contents anew if at least `least` changes were saved since the last load, 1,000 by default, so that
   * {@link StatCache.lines} includes them. For a cache that lives from snapshot to snapshot. Unsaved changes stay. If
   * loading fails, everything stays as it is.
   */
  compact(least = WORTH_COMPACTING): Promise<void> {
    return this.#afterOthers(async () => {
      const storage = this.#storage;
      if (!storage || this.#pending.savedCount < least) return;
      const loaded = await loadFrom(storage, { maxBytes: this.#maxBytes });
      if (loaded && 'contents' in loaded && !(await loaded.checking)) this.#pending.rebase(loaded.contents);
    });
  }
}

/** From this many saved changes on, loading the text anew takes less time than keeping them apart from it. */
const WORTH_COMPACTING = 1000;

/** Loads from any storage, and checks everything. */
async function loadChecked(storage: CacheStorage, options: LoadOptions): Promise<LoadResult> {
  const loaded = await loadFrom(storage, options);
  if (!loaded || 'discarded' in loaded) return loaded;
  const { contents, dropped, checking } = loaded;
  return (await checking) ?? contents.verify?.() ?? { contents, dropped };
}

/** Loads from any storage. One that fails counts as unreadable. */
async function loadFrom(storage: CacheStorage, options: LoadOptions): Promise<LoadResult> {
  try {
    return await storage.load(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return { discarded: 'unreadable', detail: (error as Error).message };
  }
}

/** Returns whether two absolute paths lead to the same directory; links are looked at only where the texts differ. */
async function isSameDirectory(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  try {
    const [realA, realB] = await Promise.all([a, b].map((path) => realpath(toFsPath(path), 'buffer')));
    return realA !== undefined && realB?.equals(realA) === true;
  } catch {
    return false;
  }
}

async function lstatWith(files: FileCalls, { native, through }: FileBelow): Promise<BigIntStats> {
  const reached = openLongPath(through ?? native);
  try {
    return await files.lstat(reached.path);
  } finally {
    reached.close();
  }
}

/**
 * Loads the cache of a root, or returns an empty one that is never saved where the root has no `.muse`; see
 * {@link StatCache.open}.
 */
export function loadCache(root: string, options: LoadCacheOptions = {}): Promise<StatCache> {
  return StatCache.open({ ...options, root });
}
