import { existsSync, readFileSync } from 'node:fs';
import { isTreePath, treePathToBytes } from '@muse/paths';
import type { CacheChange, CacheCodec, DecodeResult } from '@muse/stat-cache';
import type { SqlJsStatic, SqlValue } from 'sql.js';
import { CacheDatabase } from './cache-database.js';

/** What another program's SQLite keeps beside a database while it writes, and leaves behind when it is killed. */
const SIGNS_OF_A_WRITER = ['-journal', '-wal'];

/** Returns the codec of one database file: its bytes to contents, and a change to the bytes it shall have next. */
export function sqliteCodec(sql: SqlJsStatic, path: string): CacheCodec {
  /** Keys of rows that the last load left out. */
  let damaged: readonly SqlValue[] = [];
  return { decode, encode };

  function decode(bytes: Uint8Array): DecodeResult {
    const writer = signOfAWriter(path);
    if (writer !== undefined) return { discarded: 'unreadable', detail: writer };
    const opened = CacheDatabase.open(sql, bytes);
    if (!(opened instanceof CacheDatabase)) return opened;
    using database = opened;
    try {
      const rows = database.read();
      damaged = rows.damaged;
      return { contents: rows.contents, dropped: damaged.length };
    } catch (error) {
      return { discarded: 'checksum', detail: (error as Error).message };
    }
  }

  function* encode({ base, put, remove }: CacheChange): Iterable<Uint8Array> {
    const writer = signOfAWriter(path);
    if (writer !== undefined) throw new Error(writer);
    const stored = openStored(sql, path);
    using database = stored ?? CacheDatabase.create(sql);
    // Where the database is gone or damaged, the new one begins with all that was loaded.
    if (!stored) database.apply([], base.entries());
    const removed = [...remove].filter(isTreePath).map(treePathToBytes);
    database.apply([...damaged, ...removed], put);
    damaged = [];
    yield database.export();
  }
}

/** Returns the database as it is now; `undefined` where none is, or one that cannot be used. */
function openStored(sql: SqlJsStatic, path: string): CacheDatabase | undefined {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const opened = CacheDatabase.open(sql, bytes);
  if (opened instanceof CacheDatabase) return opened;
  if (opened.foreign) throw new Error(`${opened.detail}; nothing was written`);
  return undefined;
}

function signOfAWriter(path: string): string | undefined {
  const sign = SIGNS_OF_A_WRITER.find((suffix) => existsSync(path + suffix));
  return sign && `another program is writing to it, or was killed at that: "${path}${sign}" is there`;
}
