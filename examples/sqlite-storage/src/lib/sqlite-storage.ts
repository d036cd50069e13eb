import { basename, dirname, resolve } from 'node:path';
import type { CacheStorage } from '@muse/stat-cache';
import { createFileStorage } from '@muse/stat-cache/file';
import initSqlJs from 'sql.js';
import { sqliteCodec } from './sqlite-codec.js';

/**
 * Returns a storage that keeps contents in an SQLite database; the file is made by the first save, its directory where
 * only it is missing. A save puts its rows into what the database holds by then, whoever wrote that, in one transaction.
 *
 * SQLite works in memory here, and `createFileStorage` puts the result in place: synced, renamed over the old file, with
 * no link followed. So a reader sees one complete version, and a process that is killed leaves the one before.
 */
export function createSqliteStorage(file: string): CacheStorage {
  const path = resolve(file);
  let opened: Promise<CacheStorage> | undefined;
  let saved: Promise<void> = Promise.resolve();

  async function open(): Promise<CacheStorage> {
    const codec = sqliteCodec(await initSqlJs(), path);
    return createFileStorage({ directory: dirname(path), fileName: basename(path), codec });
  }
  const storage = () => (opened ??= open());

  return {
    load: async (options) => (await storage()).load(options),
    save: (change, options) => {
      // One after the other: the second must see the rows of the first.
      const next = saved.then(async () => (await storage()).save(change, options));
      saved = next.catch(() => undefined);
      return next;
    },
    probe: async () => (await storage()).probe?.(),
  };
}
