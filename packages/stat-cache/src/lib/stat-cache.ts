import { lstat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { cacheDir, isTreePath, museDir, relativeTreePath, toNativePath } from '@muse/paths';
import { quotePath, NotRegularFileError } from './errors.js';
import { createFileStorage } from './file-storage.js';
import { hashFileWith } from './hash-file.js';
import { EMPTY_CONTENTS, LayeredContents } from './layered-contents.js';
import { MAX_CACHE_BYTES } from './limits.js';
import { isObjectId } from './object-id.js';
import { planSettling } from './settle.js';
import { realSystem, type CacheSystem } from './system.js';
import { BoundaryClock } from './trust.js';
import type {
  CacheContents,
  CacheStorage,
  DiscardReason,
  FileCacheEntry,
  FileStat,
  Logger,
  MissReason,
  ObjectId,
} from './types.js';
import { changedField } from './validity.js';

/** How a cache is loaded. */
export interface LoadCacheOptions {
  /** Where the contents live. Default: `<root>/.muse/cache/stat.json`. */
  readonly storage?: CacheStorage | undefined;
  /** More bytes than this are neither read nor written. Default: `MAX_CACHE_BYTES`. */
  readonly maxBytes?: number | undefined;
  /** Hears why contents were discarded: too large as an error, damage as a warning. Default: nobody. */
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: the system as it is. For tests that choose what happens between two system calls. */
  readonly system?: CacheSystem | undefined;
}

/** An entry recorded in this process: a racy one lives here alone. */
interface LiveEntry extends FileCacheEntry {
  readonly ctimeNs: bigint;
  readonly trusted: boolean;
  /** The device the file was on; `undefined` for an entry that came from the store. */
  readonly dev: bigint | undefined;
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

/**
 * Remembers the object id of each file together with the stat the file had, and gives it back only while that stat
 * proves the content unchanged.
 */
export class StatCache {
  /** The root whose files it knows, absolute; `undefined` for {@link StatCache.empty}. */
  readonly root: string | undefined;
  /** Why stored contents were not used; `undefined` where they were, or where there were none. */
  readonly discarded: DiscardReason | undefined;
  /** Stored entries that were damaged and left out. */
  readonly dropped: number;

  readonly #storage: CacheStorage | undefined;
  readonly #maxBytes: number;
  readonly #system: CacheSystem;
  readonly #clock: BoundaryClock;
  #base: CacheContents;
  /** What was recorded since `#base` was stored, and all racy entries. */
  readonly #live = new Map<string, LiveEntry>();
  readonly #removed = new Set<string>();
  #size: number;
  #changes = 0;
  #savedChanges = 0;
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    root: string | undefined,
    storage: CacheStorage | undefined,
    maxBytes: number,
    system: CacheSystem,
    loaded: { contents: CacheContents; dropped: number } | { discarded: DiscardReason } | undefined,
  ) {
    this.root = root;
    this.#storage = storage;
    this.#maxBytes = maxBytes;
    this.#system = system;
    this.#clock = new BoundaryClock(
      async () => storage?.probe?.(),
      () => system.nowNs(),
    );
    const contents = loaded && 'contents' in loaded ? loaded : undefined;
    this.discarded = loaded && 'discarded' in loaded ? loaded.discarded : undefined;
    this.dropped = contents?.dropped ?? 0;
    this.#base = contents?.contents ?? EMPTY_CONTENTS;
    this.#size = this.#base.size;
  }

  /**
   * Loads the cache of a root. Never rejects because of what is stored: a cache that cannot be used is empty, with the
   * reason in {@link StatCache.discarded}. Rejects with the reason of `signal`.
   */
  static async open(options: LoadCacheOptions & { readonly root: string }): Promise<StatCache> {
    const root = resolve(options.root);
    const { maxBytes = MAX_CACHE_BYTES, logger, signal } = options;
    const storage = options.storage ?? (await museStorage(root));
    const loaded = await storage?.load({ maxBytes, signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      return { discarded: 'unreadable' as const, detail: (error as Error).message };
    });
    if (loaded && 'discarded' in loaded) {
      const message = `Cannot use the stat cache of ${quotePath(root)}, every file is read again: ${loaded.detail} (${loaded.discarded})`;
      if (loaded.discarded === 'too-large') logger?.error(message);
      else logger?.warn(message);
    } else if (loaded && loaded.dropped > 0) {
      logger?.warn(
        `Left ${loaded.dropped} damaged entries out of the stat cache of ${quotePath(root)}: their files are read again`,
      );
    }
    return new StatCache(root, storage, maxBytes, options.system ?? realSystem, loaded);
  }

  /** Loads the cache of the root that holds this `.muse` directory; see {@link StatCache.open}. */
  static load(museDirectory: string, options: LoadCacheOptions = {}): Promise<StatCache> {
    const root = dirname(resolve(museDirectory));
    const storage = options.storage ?? fileStorageIn(root);
    return StatCache.open({ ...options, root, storage });
  }

  /** Returns a cache that knows nothing and is never saved. */
  static empty(): StatCache {
    return new StatCache(undefined, undefined, MAX_CACHE_BYTES, realSystem, undefined);
  }

  /** The number of entries, racy ones included. */
  get size(): number {
    return this.#size;
  }

  /** True when something was recorded, removed or set since loading or the last save. */
  get dirty(): boolean {
    return this.#changes !== this.#savedChanges;
  }

  /** Whether {@link StatCache.save} has somewhere to save to. */
  get persistent(): boolean {
    return this.#storage !== undefined;
  }

  /** Entries that no save has stored because their files had changed too recently. */
  get racy(): number {
    let count = 0;
    for (const entry of this.#live.values()) if (!entry.trusted) count++;
    return count;
  }

  /** Returns whether there is an entry, of whatever stat. */
  has(path: string): boolean {
    return this.#live.has(path) || (!this.#removed.has(path) && this.#base.has(path));
  }

  /** Yields all entries, racy ones included, in no particular order. */
  *entries(): Iterable<readonly [path: string, entry: FileCacheEntry]> {
    for (const pair of this.#base.entries()) {
      if (!this.#live.has(pair[0]) && !this.#removed.has(pair[0])) yield pair;
    }
    yield* this.#live;
  }

  /** Returns the object id of a file with this stat, or `undefined` when only reading the file can tell. */
  lookup(path: string, stat: FileStat): ObjectId | undefined {
    const entry = this.#entry(path);
    if (entry === undefined || isRacy(entry)) return undefined;
    return changedField(entry, stat) === undefined ? entry.objectId : undefined;
  }

  /** Returns why {@link StatCache.lookup} has no answer, or `undefined` when it has one. */
  missReason(path: string, stat: FileStat): MissReason | undefined {
    const entry = this.#entry(path);
    if (entry === undefined) return this.discarded === undefined ? 'new' : 'cache-reset';
    return changedField(entry, stat) ?? (isRacy(entry) ? 'racy' : undefined);
  }

  /**
   * Records what a file with this stat held. `boundary` is a {@link StatCache.boundary} taken before the fstat that
   * opened the hash; without one the entry stays racy until a save settles it. Throws a `TypeError` for a path that is
   * no tree path or an id that is no object id.
   */
  record(path: string, stat: FileStat, objectId: ObjectId, boundary?: bigint): void {
    if (!isTreePath(path)) throw new TypeError(`Cannot record ${quotePath(path)}: it is not a tree path`);
    if (!isObjectId(objectId)) {
      throw new TypeError(`Cannot record ${quotePath(path)}: ${quotePath(objectId)} is not an object id`);
    }
    const known = this.#entry(path);
    this.#put(path, {
      size: stat.size,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      ino: BigInt.asUintN(64, stat.ino),
      dev: stat.dev,
      objectId,
      dimensions: known?.objectId === objectId ? known.dimensions : NO_DIMENSIONS,
      trusted: boundary !== undefined && this.#clock.trusts(stat, boundary),
    });
  }

  /** Takes a boundary: the file system's own clock now, in nanoseconds since the Unix epoch. One serves a batch of files. */
  boundary(): Promise<bigint> {
    return this.#clock.now();
  }

  /**
   * Returns the object id of one file, from the cache where it can vouch for it, else by reading and recording it.
   * Throws a `RangeError` where `root` is not this cache's own or `file` is not below it, and rejects as `hashFile`.
   */
  async getObjectHash(root: string, file: string | Uint8Array): Promise<ObjectId> {
    if (this.root !== undefined && resolve(root) !== this.root) {
      throw new RangeError(
        `Cannot hash below ${quotePath(root)}: this stat cache belongs to ${quotePath(this.root)}`,
      );
    }
    const path = relativeTreePath(root, file);
    const native = toNativePath(root, path);
    const stat = await this.#system.files.lstat(native);
    if (!stat.isFile())
      throw new NotRegularFileError(native, stat.isDirectory() ? 'directory' : 'special file');
    const known = this.lookup(path, stat);
    if (known !== undefined) return known;
    const boundary = await this.boundary();
    const hashed = await hashFileWith(this.#system.files, native);
    if (BigInt(hashed.bytes) === hashed.stat.size) this.record(path, hashed.stat, hashed.objectId, boundary);
    return hashed.objectId;
  }

  /** Returns what was set under this name for this content of the file, or `undefined`. */
  getDimension(path: string, objectId: ObjectId, name: string): string | undefined {
    const entry = this.#entry(path);
    return entry?.objectId === objectId ? entry.dimensions.get(name) : undefined;
  }

  /**
   * Keeps a string derived from this content of the file under a name. Returns false, and keeps nothing, when the entry
   * is for another content or there is none.
   */
  setDimension(path: string, objectId: ObjectId, name: string, value: string): boolean {
    const entry = this.#entry(path);
    if (entry?.objectId !== objectId || entry.ctimeNs === undefined) return false;
    if (entry.dimensions.get(name) === value) return true;
    const dimensions = new Map(entry.dimensions).set(name, value);
    const dev = 'dev' in entry ? entry.dev : undefined;
    this.#put(path, { ...entry, ctimeNs: entry.ctimeNs, dev, dimensions, trusted: !isRacy(entry) });
    return true;
  }

  /**
   * Removes the entries whose path is not in `known`, and returns how many. `below` spares everything outside that
   * directory, a tree path; `''` spares nothing.
   */
  prune(
    known: Pick<ReadonlySet<string>, 'has'>,
    { below = '' }: { readonly below?: string | undefined } = {},
  ): number {
    const prefix = below === '' ? '' : `${below}/`;
    const gone: string[] = [];
    for (const [path] of this.entries()) {
      if (path.startsWith(prefix) && !known.has(path)) gone.push(path);
    }
    for (const path of gone) {
      this.#live.delete(path);
      this.#removed.add(path);
    }
    this.#size -= gone.length;
    if (gone.length > 0) this.#changes++;
    return gone.length;
  }

  /**
   * Stores what changed. Racy files that become quiet within 100 ms are waited for and hashed again, so that they are
   * hits from now on; the others stay out of the store. Writes nothing when nothing to be stored changed. Rejects with
   * the storage's error, such as `CacheNotSavedError`; what was to be saved is then saved by the next call.
   */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#save());
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #save(): Promise<void> {
    const storage = this.#storage;
    if (!this.dirty || !storage) return;
    await this.#settle();
    const changes = this.#changes;
    const put = new Map<string, FileCacheEntry>();
    const remove = new Set<string>();
    for (const path of this.#removed) if (this.#base.has(path)) remove.add(path);
    for (const [path, entry] of this.#live) {
      const stored = this.#base.get(path);
      if (!entry.trusted) {
        if (stored) remove.add(path);
      } else if (stored && sameEntry(stored, entry)) {
        this.#live.delete(path);
      } else {
        put.set(path, entry);
      }
    }
    if (put.size > 0 || remove.size > 0) {
      await storage.save({ base: this.#base, put, remove }, { maxBytes: this.#maxBytes });
      this.#base = LayeredContents.of(this.#base, put, remove);
    }
    this.#forgetSaved(put, remove);
    this.#savedChanges = changes;
  }

  /** Drops from memory what the base now holds; what was recorded while the save ran stays. */
  #forgetSaved(put: ReadonlyMap<string, FileCacheEntry>, remove: ReadonlySet<string>): void {
    for (const [path, entry] of put) {
      if (this.#live.get(path) === entry) this.#live.delete(path);
    }
    for (const path of remove) this.#removed.delete(path);
  }

  async #settle(): Promise<void> {
    const { root } = this;
    if (root === undefined) return;
    const unsettled: { path: string; stat: LiveEntry }[] = [];
    for (const [path, entry] of this.#live) if (!entry.trusted) unsettled.push({ path, stat: entry });
    if (unsettled.length === 0) return;
    const { paths, waitMs } = planSettling(unsettled, await this.boundary());
    if (paths.length === 0) return;
    await this.#system.sleep(waitMs);
    const boundary = await this.boundary();
    for (const path of paths) {
      const entry = this.#live.get(path);
      if (!entry || entry.trusted) continue;
      try {
        // Only the file that was recorded: by now the path may lead elsewhere, even out of the root.
        const options = { listed: { dev: entry.dev ?? 0n, ino: entry.ino } };
        const native = toNativePath(root, path);
        const { objectId, stat, bytes } = await hashFileWith(this.#system.files, native, options);
        if (BigInt(bytes) === stat.size) this.record(path, stat, objectId, boundary);
      } catch {
        // Gone, replaced or torn by now: it stays racy, and the next snapshot says what became of it.
      }
    }
  }

  #entry(path: string): FileCacheEntry | LiveEntry | undefined {
    const live = this.#live.get(path);
    if (live !== undefined) return live;
    return this.#removed.has(path) ? undefined : this.#base.get(path);
  }

  #put(path: string, entry: LiveEntry): void {
    if (!this.has(path)) this.#size++;
    this.#live.set(path, entry);
    this.#removed.delete(path);
    this.#changes++;
  }
}

/**
 * Loads the cache of a root, or returns an empty one that is never saved where the root has no `.muse`; see
 * {@link StatCache.open}.
 */
export function loadCache(root: string, options: LoadCacheOptions = {}): Promise<StatCache> {
  return StatCache.open({ ...options, root });
}

async function museStorage(root: string): Promise<CacheStorage | undefined> {
  try {
    await lstat(museDir(root));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  }
  return fileStorageIn(root);
}

function fileStorageIn(root: string): CacheStorage {
  return createFileStorage({ directory: cacheDir(root), within: museDir(root) });
}

function isRacy(entry: FileCacheEntry | LiveEntry): boolean {
  return 'trusted' in entry && !entry.trusted;
}

function sameEntry(a: FileCacheEntry, b: FileCacheEntry): boolean {
  if (changedField(a, b) !== undefined || a.objectId !== b.objectId) return false;
  if (a.dimensions.size !== b.dimensions.size) return false;
  for (const [name, value] of a.dimensions) if (b.dimensions.get(name) !== value) return false;
  return true;
}
