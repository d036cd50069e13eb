import { PathMap, PathSet } from '@muse/paths';
import { LayeredContents, pathsOf } from './layered-contents.js';
import { PackedEntries } from './packed-entries.js';
import type { CacheChange, CacheContents, FileCacheEntry, SortedLines } from './types.js';
import { changedField } from './validity.js';

/** An entry that can be stored and be a hit: its ctime is known. */
export interface RecordedEntry extends FileCacheEntry {
  readonly ctimeNs: bigint;
}

/** An entry that is not trusted, and the device of its file. */
interface Racy {
  readonly entry: RecordedEntry;
  readonly dev: bigint;
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

/**
 * What was loaded, on top of it what was saved since, and on top of that what was recorded and removed. A path is in one
 * of `#racy`, `#put` and neither; `#removed` says that what the storage holds of it must go. Racy entries never leave
 * this object.
 */
export class RecordedEntries {
  /** What was loaded, or handed back by a save. */
  #base: CacheContents;
  /** What was saved on top of it. Each save adds to these, which copies less than a layer for each would. */
  #savedPut = new PackedEntries();
  #savedRemoved = new PathSet();
  /** What the storage will hold when the save that is under way succeeds. */
  #stored: CacheContents;
  /** Trusted entries that differ from the stored ones. */
  #put = new PackedEntries();
  /** Stored paths that have no trusted entry any more. */
  #removed = new PathSet();
  readonly #racy = new PathMap<Racy>();
  /** What is being saved, taken back if that fails. */
  #saving: { put: PackedEntries; remove: PathSet } | undefined;
  /** Entries added less entries removed since `#stored`; `undefined` until somebody asks. */
  #balance: number | undefined = 0;

  constructor(loaded: CacheContents) {
    this.#base = loaded;
    this.#stored = loaded;
  }

  get size(): number {
    this.#balance ??= this.#countBalance();
    return this.#stored.size + this.#balance;
  }

  /** The lines that hold the stored entries, but for those that {@link isPending}. */
  get sorted(): SortedLines | undefined {
    return this.#base.sorted;
  }

  /** Whether any path is pending. */
  get hasPending(): boolean {
    return this.#stored !== this.#base || this.#put.size + this.#racy.size + this.#removed.size > 0;
  }

  /** Whether what is known of a path is something else than its stored line. */
  isPending(path: string): boolean {
    return this.#isNewer(path) || this.#isSaved(path);
  }

  /** Yields the paths of entries that no line holds, and may yield such as have another line. */
  *pendingPaths(): Iterable<string> {
    for (const path of this.#savedPut.keys()) if (!this.#isNewer(path)) yield path;
    for (const path of this.#saving?.put.keys() ?? []) {
      if (!this.#isNewer(path) && !this.#savedPut.has(path)) yield path;
    }
    // As many as are stored, and none of those removed: each has a line, so that a tree that was touched needs no look.
    if (this.#stored === this.#base && this.#balance === 0 && this.#removed.size === 0) return;
    yield* this.#put.keys();
    yield* this.#racy.keys();
  }

  /** Entries that are known from a save but are in no line. */
  get savedCount(): number {
    return this.#savedPut.size;
  }

  /** Trusted entries that no save has stored. */
  get unsavedCount(): number {
    return this.#put.size;
  }

  get racyCount(): number {
    return this.#racy.size;
  }

  has(path: string): boolean {
    return (
      this.#racy.has(path) || this.#put.has(path) || (!this.#removed.has(path) && this.#stored.has(path))
    );
  }

  get(path: string): FileCacheEntry | undefined {
    const recorded = this.#racy.get(path)?.entry ?? this.#put.get(path);
    if (recorded !== undefined) return recorded;
    return this.#removed.has(path) ? undefined : this.#stored.get(path);
  }

  /** Returns the device of the file of a racy entry, or `undefined` for any other path. */
  racyOn(path: string): bigint | undefined {
    return this.#racy.get(path)?.dev;
  }

  *entries(): Iterable<readonly [path: string, entry: FileCacheEntry]> {
    for (const pair of this.#stored.entries()) if (!this.#isNewer(pair[0])) yield pair;
    yield* this.#put;
    for (const [path, { entry }] of this.#racy) yield [path, entry];
  }

  *paths(): Iterable<string> {
    for (const path of pathsOf(this.#stored)) if (!this.#isNewer(path)) yield path;
    yield* this.#put.keys();
    yield* this.#racy.keys();
  }

  racyEntries(): Iterable<readonly [path: string, racy: Racy]> {
    return this.#racy;
  }

  /**
   * Adds or replaces an entry; `racyOn` is the device of the file where the entry is racy. Without dimensions it gets
   * those that are known of the same content.
   */
  put(
    path: string,
    entry: Omit<RecordedEntry, 'dimensions'> & {
      readonly dimensions?: RecordedEntry['dimensions'] | undefined;
    },
    racyOn: bigint | undefined,
  ): void {
    const stored = this.#stored.get(path);
    const recorded = this.#racy.get(path)?.entry ?? this.#put.get(path);
    const known = recorded ?? (this.#removed.has(path) ? undefined : stored);
    if (known === undefined && this.#balance !== undefined) this.#balance++;
    const { size, mtimeNs, ctimeNs, ino, objectId } = entry;
    const dimensions = entry.dimensions ?? (known?.objectId === objectId ? known.dimensions : NO_DIMENSIONS);
    const whole = { size, mtimeNs, ctimeNs, ino, objectId, dimensions };
    if (racyOn === undefined) {
      this.#racy.delete(path);
      this.#putTrusted(path, whole, stored);
    } else {
      this.#racy.set(path, { entry: whole, dev: racyOn });
      this.#put.delete(path);
      if (stored) this.#removed.add(path);
    }
  }

  remove(path: string): void {
    if (this.#balance !== undefined && this.has(path)) this.#balance--;
    this.#racy.delete(path);
    this.#removeStored(path);
  }

  /**
   * Returns what a storage must change to hold all that is known and not racy, or `undefined` where that is nothing. It
   * stays as it is, whatever is recorded from now on, and must be followed by {@link saved} or {@link notSaved}.
   */
  change(): CacheChange | undefined {
    if (this.#put.size === 0 && this.#removed.size === 0) return undefined;
    const change = { base: this.#stored, put: this.#put, remove: this.#removed };
    this.#saving = change;
    this.#stored = new LayeredContents(change.base, change.put, change.remove);
    this.#put = new PackedEntries();
    this.#removed = new PathSet();
    this.#balance = undefined;
    return change;
  }

  /** Notes that a storage now holds the change that was made last, as `contents` where it has them at hand. */
  saved(contents?: CacheContents): void {
    if (!this.#saving) return;
    if (contents === undefined) {
      this.#keepSaved(this.#saving);
    } else {
      this.#base = contents;
      this.#savedPut = new PackedEntries();
      this.#savedRemoved = new PathSet();
    }
    this.#saving = undefined;
    this.#stored = this.#savedContents();
  }

  /** Notes that the change that was made last was not stored. What was recorded and removed since is newer. */
  notSaved(): void {
    if (!this.#saving) return;
    const { put, remove } = this.#saving;
    const [newerPut, newerRemoved] = [this.#put, this.#removed];
    this.#put = put;
    this.#removed = remove;
    this.#saving = undefined;
    this.#stored = this.#savedContents();
    this.#balance = undefined;
    for (const path of newerRemoved) this.#removeStored(path);
    for (const [path, entry] of newerPut) this.#putTrusted(path, entry, this.#stored.get(path));
  }

  #keepSaved({ put, remove }: { put: PackedEntries; remove: PathSet }): void {
    if (this.#savedPut.size + this.#savedRemoved.size === 0) {
      this.#savedPut = put;
      this.#savedRemoved = remove;
      return;
    }
    for (const path of remove) {
      this.#savedPut.delete(path);
      if (this.#base.has(path)) this.#savedRemoved.add(path);
    }
    for (const [path, entry] of put) {
      this.#savedPut.set(path, entry);
      this.#savedRemoved.delete(path);
    }
  }

  #savedContents(): CacheContents {
    if (this.#savedPut.size + this.#savedRemoved.size === 0) return this.#base;
    return new LayeredContents(this.#base, this.#savedPut, this.#savedRemoved);
  }

  #putTrusted(path: string, entry: FileCacheEntry, stored: FileCacheEntry | undefined): void {
    this.#removed.delete(path);
    if (stored && isSame(stored, entry)) this.#put.delete(path);
    else this.#put.set(path, entry);
  }

  #removeStored(path: string): void {
    this.#put.delete(path);
    if (this.#stored.has(path)) this.#removed.add(path);
  }

  #isNewer(path: string): boolean {
    return this.#put.has(path) || this.#racy.has(path) || this.#removed.has(path);
  }

  #isSaved(path: string): boolean {
    const saving = this.#saving;
    if (saving && (saving.put.has(path) || saving.remove.has(path))) return true;
    return this.#savedPut.has(path) || this.#savedRemoved.has(path);
  }

  #countBalance(): number {
    let balance = -this.#removed.size;
    for (const path of this.#put.keys()) if (!this.#stored.has(path)) balance++;
    for (const path of this.#racy.keys()) {
      if (this.#removed.has(path) || !this.#stored.has(path)) balance++;
    }
    return balance;
  }
}

function isSame(a: FileCacheEntry, b: FileCacheEntry): boolean {
  if (changedField(a, b) !== undefined || a.objectId !== b.objectId) return false;
  if (a.dimensions.size !== b.dimensions.size) return false;
  for (const [name, value] of a.dimensions) if (b.dimensions.get(name) !== value) return false;
  return true;
}
