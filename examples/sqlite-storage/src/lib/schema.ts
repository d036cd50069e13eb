/** What the database file says of itself in its header. */
export const APPLICATION_ID = 0x4d757365; // "Muse"
export const SCHEMA_VERSION = 1;

/**
 * Numbers are decimal text: SQLite's integers end at 2^63, inode numbers at 2^64, and a file may be dated beyond 2262,
 * where nanoseconds leave 63 bits. Paths are bytes, because a name need not be text. Dimensions are a JSON array of
 * pairs, in which every string is plain ASCII if it has to be.
 */
export const SCHEMA = `
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  CREATE TABLE entry (
    path BLOB PRIMARY KEY,
    size TEXT NOT NULL,
    mtime_ns TEXT NOT NULL,
    ctime_ns TEXT,
    ino TEXT NOT NULL,
    object_id TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    guard BLOB NOT NULL -- over all the others: a flipped bit must not become a wrong object id
  ) STRICT, WITHOUT ROWID;`;

/** Gives back the space of removed rows; has to come before the first table. */
export const BEFORE_SCHEMA = 'PRAGMA auto_vacuum = FULL;';

export const SELECT_ALL =
  'SELECT path, size, mtime_ns, ctime_ns, ino, object_id, dimensions, guard FROM entry ORDER BY path';

export const UPSERT = `
  INSERT INTO entry (path, size, mtime_ns, ctime_ns, ino, object_id, dimensions, guard)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (path) DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, ino = excluded.ino,
    object_id = excluded.object_id, dimensions = excluded.dimensions, guard = excluded.guard`;

export const DELETE = 'DELETE FROM entry WHERE path = ?';
