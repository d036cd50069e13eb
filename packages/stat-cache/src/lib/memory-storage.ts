import { PathMap, PathSet } from '@muse/paths';
import { EMPTY_CONTENTS, LayeredContents } from './layered-contents.js';
import type { CacheStorage } from './types.js';

/** Returns a storage that keeps contents in this process and forgets them with it; for tests and short-lived tools. */
export function createMemoryStorage(): CacheStorage {
  let contents = EMPTY_CONTENTS;
  return {
    load: ({ signal }) =>
      new Promise((resolve) => {
        signal?.throwIfAborted();
        resolve({ contents, dropped: 0 });
      }),
    save: ({ put, remove }) => {
      contents = LayeredContents.flat(contents, new PathMap(put), new PathSet(remove));
      return Promise.resolve();
    },
  };
}
