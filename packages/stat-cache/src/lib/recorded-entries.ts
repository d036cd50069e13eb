import { LayeredContents, pathsOf } from './layered-contents.js';
import type { CacheChange, CacheContents, FileCacheEntry, SortedLines } from './types.js';
import { changedField } from './validity.js';

/** An entry that can be stored and be a hit: its ctime is known. */
export interface RecordedEntry extends FileCacheEntry {
  readonly ctimeNs: bigint;
}

/** What a storage holds, and on top of it what was recorded and removed since. Racy entries never leave it. */
export class RecordedEntries {
  #stored: CacheContents;
  /** What differs from `#stored`, and all racy entries. */
  readonly #live = new Map<string, RecordedEntry>();
  /** The racy paths of `#live`, each with the device of its file. */
  readonly #racy = new Map<string, bigint>();
  readonly #removed = new Set<string>();
  /** Entries added less entries removed since `#stored`. */
  #balance = 0;

  constructor(stored: CacheContents) {
    this.#stored = stored;
  }

  get size(): number {
    return this.#stored.size + this.#balance;
  }

  /** The lines that hold the stored entries, but for those that {@link isOverlaid}. */
  get sorted(): SortedLines | undefined {
    return this.#layers().base.sorted;
  }

  /** Whether any path is overlaid. */
  get hasOverlay(): boolean {
    const { put, remove } = this.#layers();
    return this.#live.size > 0 || this.#removed.size > 0 || (put?.size ?? 0) > 0 || (remove?.size ?? 0) > 0;
  }

  /** Whether what is known of a path is something else than its stored line. */
  isOverlaid(path: string): boolean {
    const { put, remove } = this.#layers();
    return (
      this.#live.has(path) || this.#removed.has(path) || put?.has(path) === true || remove?.has(path) === true
    );
  }

  /** Yields the paths of entries that no line holds. */
  *overlaidPaths(): Iterable<string> {
    for (const path of this.#layers().put?.keys() ?? []) {
      if (!this.#live.has(path) && !this.#removed.has(path)) yield path;
    }
    yield* this.#live.keys();
  }

  get racyCount(): number {
    return this.#racy.size;
  }

  has(path: string): boolean {
    return this.#live.has(path) || (!this.#removed.has(path) && this.#stored.has(path));
  }

  get(path: string): FileCacheEntry | undefined {
    const live = this.#live.get(path);
    if (live !== undefined) return live;
    return this.#removed.has(path) ? undefined : this.#stored.get(path);
  }

  /** Returns the device of the file of a racy entry, or `undefined` for any other path. */
  racyOn(path: string): bigint | undefined {
    return this.#racy.get(path);
  }

  *entries(): Iterable<readonly [path: string, entry: FileCacheEntry]> {
    for (const pair of this.#stored.entries()) {
      if (!this.#live.has(pair[0]) && !this.#removed.has(pair[0])) yield pair;
    }
    yield* this.#live;
  }

  *paths(): Iterable<string> {
    for (const path of pathsOf(this.#stored)) {
      if (!this.#live.has(path) && !this.#removed.has(path)) yield path;
    }
    yield* this.#live.keys();
  }

  *racyEntries(): Iterable<readonly [path: string, entry: RecordedEntry, dev: bigint]> {
    for (const [path, dev] of this.#racy) {
      const entry = this.#live.get(path);
      if (entry) yield [path, entry, dev];
    }
  }

  /** Adds or replaces an entry; `racyOn` is the device of the file where the entry is racy. */
  put(path: string, entry: RecordedEntry, racyOn: bigint | undefined): void {
    if (!this.has(path)) this.#balance++;
    this.#live.set(path, entry);
    this.#removed.delete(path);
    if (racyOn === undefined) this.#racy.delete(path);
    else this.#racy.set(path, racyOn);
  }

  remove(path: string): void {
    if (this.has(path)) this.#balance--;
    this.#live.delete(path);
    this.#racy.delete(path);
    this.#removed.add(path);
  }

  /** Returns what a storage must change to hold all that is known and not racy; what it holds already is let go here. */
  change(): CacheChange {
    const put = new Map<string, RecordedEntry>();
    const remove = new Set<string>();
    for (const path of this.#removed) if (this.#stored.has(path)) remove.add(path);
    for (const [path, entry] of this.#live) {
      const stored = this.#stored.get(path);
      if (this.#racy.has(path)) {
        if (stored) remove.add(path);
      } else if (stored && isSame(stored, entry)) {
        this.#live.delete(path);
      } else {
        put.set(path, entry);
      }
    }
    return { base: this.#stored, put, remove };
  }

  /**
   * Notes that a storage now holds a change that came from here, as `contents` where it has them at hand; what was
   * recorded in the meantime stays.
   */
  saved({ base, put, remove }: CacheChange, contents = LayeredContents.of(base, put, remove)): void {
    this.#stored = contents;
    for (const [path, entry] of put) if (this.#live.get(path) === entry) this.#live.delete(path);
    for (const path of this.#removed) if (!this.#stored.has(path)) this.#removed.delete(path);
    this.#balance = -this.#removed.size;
    for (const path of this.#live.keys()) if (!this.#stored.has(path)) this.#balance++;
  }

  #layers(): { base: CacheContents; put?: ReadonlyMap<string, unknown>; remove?: ReadonlySet<string> } {
    return this.#stored instanceof LayeredContents ? this.#stored : { base: this.#stored };
  }
}

function isSame(a: FileCacheEntry, b: FileCacheEntry): boolean {
  if (changedField(a, b) !== undefined || a.objectId !== b.objectId) return false;
  if (a.dimensions.size !== b.dimensions.size) return false;
  for (const [name, value] of a.dimensions) if (b.dimensions.get(name) !== value) return false;
  return true;
}
