import { PathMap } from '@muse/paths';
import type { CacheContents, CacheStorage, FileCacheEntry } from './types.js';

/** Returns contents of these entries, for a storage that has them all in a map. The map must not change any more. */
export function contentsOf(entries: ReadonlyMap<string, FileCacheEntry>): CacheContents {
  return {
    size: entries.size,
    has: (path) => entries.has(path),
    get: (path) => entries.get(path),
    entries: () => entries,
  };
}

/** Returns a storage that keeps contents in this process and forgets them with it; for tests and short-lived tools. */
export function createMemoryStorage(): CacheStorage {
  let stored = new PathMap<FileCacheEntry>();
  return {
    load: ({ signal }) =>
      new Promise((resolve) => {
        signal?.throwIfAborted();
        resolve({ contents: contentsOf(stored), dropped: 0 });
      }),
    save: ({ put, remove }) => {
      const next = new PathMap(stored);
      for (const path of remove) next.delete(path);
      for (const [path, entry] of put) next.set(path, entry);
      stored = next;
      return Promise.resolve();
    },
  };
}
