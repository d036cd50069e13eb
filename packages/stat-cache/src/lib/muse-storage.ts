import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { museDir, toFsPath } from '@muse/paths';
import type { TemporaryFiles } from '@muse/paths/files';
import { createFileStorage } from './file-storage.js';
import type { CacheStorage, LoadOptions, LoadResult } from './types.js';

/** Returns the storage of a root's own `.muse` directory, or `undefined` where there is none. */
export async function storageOfRoot(
  root: string,
  temporaryFiles?: TemporaryFiles,
): Promise<CacheStorage | undefined> {
  const muse = museDir(root);
  try {
    await lstat(toFsPath(muse));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  }
  return storageIn(muse, temporaryFiles);
}

/** Returns the storage in a `.muse` directory. */
export function storageIn(muse: string, temporaryFiles?: TemporaryFiles): CacheStorage {
  return createFileStorage({ directory: join(muse, 'cache'), within: muse, temporaryFiles });
}

/** Loads from any storage, and takes one that fails for one that cannot be read. */
export async function loadFrom(storage: CacheStorage, options: LoadOptions): Promise<LoadResult> {
  try {
    return await storage.load(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return { discarded: 'unreadable', detail: (error as Error).message };
  }
}
