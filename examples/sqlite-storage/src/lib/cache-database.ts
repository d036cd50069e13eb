import type { CacheContents, DiscardReason, FileCacheEntry } from '@muse/stat-cache';
import type { Database, SqlJsStatic, SqlValue } from 'sql.js';
import { entryOf, rowOf } from './entry-row.js';
import {
  APPLICATION_ID,
  BEFORE_SCHEMA,
  DELETE,
  SCHEMA,
  SCHEMA_VERSION,
  SELECT_ALL,
  UPSERT,
} from './schema.js';

/** Why a file is no database of ours. */
export interface Unusable {
  readonly discarded: DiscardReason;
  readonly detail: string;
  /** True for a sound database that another program made: nothing may replace it. */
  readonly foreign?: true;
}

/** What a database holds. */
export interface Rows {
  readonly contents: CacheContents;
  /** The keys of rows that are not as they were written. */
  readonly damaged: readonly SqlValue[];
}

/** A database of entries, in memory; dispose of it, or its memory stays taken. */
export class CacheDatabase implements Disposable {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Makes one without entries. */
  static create(sql: SqlJsStatic): CacheDatabase {
    const database = new sql.Database();
    database.exec(BEFORE_SCHEMA);
    database.exec(SCHEMA);
    return new CacheDatabase(database);
  }

  /** Opens the bytes of a database file, or says why that is not possible. */
  static open(sql: SqlJsStatic, bytes: Uint8Array): CacheDatabase | Unusable {
    const database = new sql.Database(bytes);
    const fault = faultOf(database);
    if (fault === undefined) return new CacheDatabase(database);
    database.close();
    return fault;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Returns all entries; throws where the file is damaged between its rows. */
  read(): Rows {
    const entries = new Map<string, FileCacheEntry>();
    const damaged: SqlValue[] = [];
    const statement = this.#database.prepare(SELECT_ALL);
    while (statement.step()) {
      const row = statement.get();
      const pair = entryOf(row);
      if (pair) entries.set(...pair);
      else damaged.push(row[0] ?? null);
    }
    statement.free();
    const contents = {
      size: entries.size,
      has: (path: string) => entries.has(path),
      get: (path: string) => entries.get(path),
      entries: () => entries,
    };
    return { contents, damaged };
  }

  /** Removes rows by key, then upserts entries, all in one transaction; throws where one of them cannot be stored. */
  apply(remove: Iterable<SqlValue>, put: Iterable<readonly [string, FileCacheEntry]>): void {
    this.#database.exec('BEGIN');
    const deletion = this.#database.prepare(DELETE);
    for (const key of remove) deletion.run([key]);
    const upsert = this.#database.prepare(UPSERT);
    for (const [path, entry] of put) upsert.run(rowOf(path, entry));
    this.#database.exec('COMMIT');
  }

  /** Returns the bytes of the database file. */
  export(): Uint8Array {
    return this.#database.export();
  }
}

function faultOf(database: Database): Unusable | undefined {
  try {
    const one = (query: string) => database.exec(query)[0]?.values[0]?.[0];
    if (one('PRAGMA application_id') !== APPLICATION_ID) {
      return { discarded: 'shape', detail: 'it is a database of another program', foreign: true };
    }
    if (one('PRAGMA user_version') !== SCHEMA_VERSION) {
      return { discarded: 'version', detail: `its version is not ${SCHEMA_VERSION}` };
    }
    database.prepare(SELECT_ALL).free();
    const verdict = one('PRAGMA quick_check(1)');
    return verdict === 'ok' ? undefined : { discarded: 'checksum', detail: String(verdict) };
  } catch (error) {
    return { discarded: 'shape', detail: (error as Error).message };
  }
}
