import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { FileReadError, readGuarded } from '@muse/paths/files';
import { MAX_CACHE_BYTES, type CacheCodec, type CacheStorage } from '@muse/stat-cache';
import { createFileStorage } from '@muse/stat-cache/file';
import initSqlJs from 'sql.js';
import { changed, read } from './cache-database.js';

/** The files that SQLite keeps beside a database while it writes, and leaves behind when it is killed. */
const SIGNS_OF_A_WRITER = ['-journal', '-wal'];

/**
 * Returns a storage that keeps contents in an SQLite database; the file is made by the first save, its directory where
 * only it is missing. A save puts its rows into what the database holds by then, whoever wrote that, in one transaction.
 *
 * SQLite works in memory here, and `createFileStorage` puts the result in place: synced, renamed over the old file, with
 * no link followed. So a reader sees one complete version, and a process that is killed leaves the one before.
 */
export async function createSqliteStorage(file: string): Promise<CacheStorage> {
  const sql = await initSqlJs();
  const path = resolve(file);
  let saved: Promise<void> = Promise.resolve();
  let stored: Uint8Array = new Uint8Array();
  /** True if the last load met rows that are not as they were written. */
  let damaged = false;
  const codec: CacheCodec = {
    decode: (bytes) => read(sql, bytes),
    encode: (change) => [changed(sql, stored, change, damaged)],
  };
  const storage = createFileStorage({ directory: dirname(path), fileName: basename(path), codec });

  return {
    ...storage,
    async load(options) {
      const writer = signOfAWriter(path);
      if (writer !== undefined) return { discarded: 'unreadable', detail: writer };
      const loaded = await storage.load(options);
      damaged = loaded !== undefined && 'contents' in loaded && loaded.dropped !== 0;
      return loaded;
    },
    save(change, options) {
      // One after the other: the second must see the rows of the first.
      const next = saved.then(async () => {
        const writer = signOfAWriter(path);
        if (writer !== undefined) throw new Error(`Cannot save to "${path}": ${writer}`);
        stored = await bytesOf(path);
        await storage.save(change, options);
        stored = new Uint8Array();
        damaged = false;
      });
      saved = next.catch(() => undefined);
      return next;
    },
  };
}

/** Returns no bytes where there is no file; throws where it is anything but a regular file of bounded size. */
async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return (await readGuarded(path, { maxBytes: MAX_CACHE_BYTES })).bytes;
  } catch (error) {
    if (error instanceof FileReadError && error.code === 'ENOENT') return new Uint8Array();
    throw error;
  }
}

function signOfAWriter(path: string): string | undefined {
  const sign = SIGNS_OF_A_WRITER.find((suffix) => existsSync(path + suffix));
  return sign && `another program is writing to it, or was killed at that: "${path}${sign}" is there`;
}
