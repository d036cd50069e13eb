import { PathSet } from '@muse/paths';
import { PackedEntries } from './packed-entries.js';
import type { CacheContents, FileCacheEntry } from './types.js';

/** Contents of no entry. */
export const EMPTY_CONTENTS: CacheContents = {
  size: 0,
  has: () => false,
  get: () => undefined,
  entries: () => [],
};

/** Contents with a change on top: what a storage holds after it saved that change. Shows the maps as they are. */
export class LayeredContents implements CacheContents {
  readonly base: CacheContents;
  readonly put: ReadonlyMap<string, FileCacheEntry>;
  readonly remove: ReadonlySet<string>;

  constructor(base: CacheContents, put: ReadonlyMap<string, FileCacheEntry>, remove: ReadonlySet<string>) {
    this.base = base;
    this.put = put;
    this.remove = remove;
  }

  get size(): number {
    let { size } = this.base;
    for (const path of this.put.keys()) if (!this.base.has(path)) size++;
    for (const path of this.remove) if (this.base.has(path) && !this.put.has(path)) size--;
    return size;
  }

  /** Returns the contents after a change, by copies of what was changed before, so that layers do not pile up. */
  static flat(
    base: CacheContents,
    put: ReadonlyMap<string, FileCacheEntry>,
    remove: ReadonlySet<string>,
  ): LayeredContents {
    if (!(base instanceof LayeredContents)) return new LayeredContents(base, put, remove);
    const allPut = PackedEntries.copyOf(base.put);
    const allRemove = new PathSet(base.remove);
    for (const path of remove) {
      allPut.delete(path);
      if (base.base.has(path)) allRemove.add(path);
    }
    for (const [path, entry] of put) {
      allPut.set(path, entry);
      allRemove.delete(path);
    }
    return new LayeredContents(base.base, allPut, allRemove);
  }

  has(path: string): boolean {
    return this.put.has(path) || (!this.remove.has(path) && this.base.has(path));
  }

  get(path: string): FileCacheEntry | undefined {
    return this.put.get(path) ?? (this.remove.has(path) ? undefined : this.base.get(path));
  }

  *entries(): Iterable<readonly [string, FileCacheEntry]> {
    for (const pair of this.base.entries()) {
      if (!this.put.has(pair[0]) && !this.remove.has(pair[0])) yield pair;
    }
    yield* this.put;
  }

  *paths(): Iterable<string> {
    for (const path of pathsOf(this.base)) if (!this.put.has(path) && !this.remove.has(path)) yield path;
    yield* this.put.keys();
  }
}

/** Yields all paths, without decoding entries where the contents know how to. */
export function* pathsOf(contents: CacheContents): Iterable<string> {
  if (contents.paths) yield* contents.paths();
  else for (const [path] of contents.entries()) yield path;
}
