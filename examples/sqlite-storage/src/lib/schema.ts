/** Our mark and version in the header of the database file. */
export const APPLICATION_ID = 0x4d757365; // "Muse"
export const SCHEMA_VERSION = 1;

/**
 * Numbers are decimal text: SQLite's integers end at 2^63, inode numbers at 2^64, and a file may be dated beyond 2262,
 * where nanoseconds leave 63 bits. Paths are bytes, because a name need not be text. Dimensions are a JSON array of
 * pairs, in which every string is plain ASCII if it has to be.
 */
const TABLE = `CREATE TABLE entry (
  path BLOB PRIMARY KEY,
  size TEXT NOT NULL,
  mtime_ns TEXT NOT NULL,
  ctime_ns TEXT,
  ino TEXT NOT NULL,
  object_id TEXT NOT NULL,
  dimensions TEXT NOT NULL,
  guard BLOB NOT NULL -- over all the others: a flipped bit must not become a wrong object id
) STRICT, WITHOUT ROWID`;

/** Makes the one table; `auto_vacuum` gives back the space of removed rows, and has to come first. */
export const CREATE = `
  PRAGMA auto_vacuum = FULL;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  ${TABLE};`;

/** Lets no function with side effects run because a schema says so; has to come before anything reads the schema. */
export const TRUST_NO_SCHEMA = 'PRAGMA trusted_schema = OFF';

/** All that may be in a database of ours: with a view or a trigger, the statements below would run a stranger's. */
export const SELECT_SCHEMA = 'SELECT type, name, tbl_name, sql FROM sqlite_schema';
export const OUR_SCHEMA = ['table', 'entry', 'entry', TABLE];

export const SELECT_ALL =
  'SELECT path, size, mtime_ns, ctime_ns, ino, object_id, dimensions, guard FROM entry ORDER BY path';

export const UPSERT = 'INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)';

export const DELETE = 'DELETE FROM entry WHERE path = ?';
export const DELETE_ALL = 'DELETE FROM entry';
