import { isTreePath, treePathToBytes } from '@muse/paths';
import {
  contentsOf,
  type CacheChange,
  type DecodeResult,
  type DiscardReason,
  type FileCacheEntry,
} from '@muse/stat-cache';
import type { Database, SqlJsStatic, SqlValue } from 'sql.js';
import { entryOf, rowOf } from './entry-row.js';
import {
  APPLICATION_ID,
  CREATE,
  DELETE,
  DELETE_ALL,
  OUR_SCHEMA,
  SCHEMA_VERSION,
  SELECT_ALL,
  SELECT_SCHEMA,
  TRUST_NO_SCHEMA,
  UPSERT,
} from './schema.js';

/** A fault of a database. */
class UnusableError extends Error {
  readonly discarded: DiscardReason;
  /** True if somebody may miss it, so that nothing may replace it. */
  readonly foreign: boolean;

  constructor(discarded: DiscardReason, message: string, foreign = false) {
    super(message);
    this.discarded = discarded;
    this.foreign = foreign;
  }
}

/** Returns what the bytes of a database file hold, or why that is not known; no bytes are a new database. */
export function read(sql: SqlJsStatic, bytes: Uint8Array): DecodeResult {
  const entries = new Map<string, FileCacheEntry>();
  let dropped = 0;
  let database: Database | undefined;
  try {
    database = bytes.length > 0 ? open(sql, bytes) : undefined;
    const statement = database?.prepare(SELECT_ALL);
    while (statement?.step()) {
      const pair = entryOf(statement.get());
      if (pair) entries.set(...pair);
      else dropped++;
    }
  } catch (error) {
    const discarded = error instanceof UnusableError ? error.discarded : 'checksum';
    return { discarded, detail: (error as Error).message };
  } finally {
    database?.close();
  }
  return { contents: contentsOf(entries), dropped };
}

/**
 * Returns the bytes that a database file must have after a change, all of it or none. Where there is no database, or it
 * cannot be used, or some of its rows are `damaged`, it begins again with all that was loaded.
 */
export function changed(
  sql: SqlJsStatic,
  bytes: Uint8Array,
  { base, put, remove }: CacheChange,
  damaged: boolean,
): Uint8Array {
  const stored = openStored(sql, bytes);
  const database = stored ?? new sql.Database();
  try {
    if (!stored) database.exec(CREATE);
    const upsert = database.prepare(UPSERT);
    const deletion = database.prepare(DELETE);
    database.exec('BEGIN');
    if (damaged) database.exec(DELETE_ALL);
    if (damaged || !stored) for (const [path, entry] of base.entries()) upsert.run(rowOf(path, entry));
    for (const path of remove) if (isTreePath(path)) deletion.run([treePathToBytes(path)]);
    for (const [path, entry] of put) upsert.run(rowOf(path, entry));
    database.exec('COMMIT');
    return database.export();
  } finally {
    database.close();
  }
}

/** Returns `undefined` where there is no database, or one of ours that is damaged; throws where it is not ours. */
function openStored(sql: SqlJsStatic, bytes: Uint8Array): Database | undefined {
  if (bytes.length === 0) return undefined;
  try {
    return open(sql, bytes);
  } catch (error) {
    if (error instanceof UnusableError && error.foreign) throw error;
    return undefined;
  }
}

function open(sql: SqlJsStatic, bytes: Uint8Array): Database {
  if (!hasOurMark(bytes)) throw new UnusableError('shape', 'it is a file of another program', true);
  const database = new sql.Database(bytes);
  try {
    database.exec(TRUST_NO_SCHEMA);
    check(database);
    return database;
  } catch (error) {
    database.close();
    throw error instanceof UnusableError ? error : new UnusableError('shape', (error as Error).message);
  }
}

/** Told from the bytes: SQLite would take a mark that it cannot read for none. */
function hasOurMark(bytes: Uint8Array): boolean {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return (
    header.length >= 100 &&
    header.toString('latin1', 0, 16) === 'SQLite format 3\0' &&
    header.readUInt32BE(68) === APPLICATION_ID
  );
}

function check(database: Database): void {
  const rows = (query: string): SqlValue[][] => database.exec(query)[0]?.values ?? [];
  if (rows('PRAGMA user_version')[0]?.[0] !== SCHEMA_VERSION) {
    throw new UnusableError('version', `its version is not ${SCHEMA_VERSION}`);
  }
  const schema = rows(SELECT_SCHEMA).map((row) => JSON.stringify(row));
  const ours = schema.includes(JSON.stringify(OUR_SCHEMA));
  if (!ours || schema.length > 1) {
    throw new UnusableError('shape', 'it holds more or less than the one table of this program', ours);
  }
  const verdict = rows('PRAGMA quick_check(1)')[0]?.[0];
  if (verdict !== 'ok') throw new UnusableError('checksum', String(verdict));
}
