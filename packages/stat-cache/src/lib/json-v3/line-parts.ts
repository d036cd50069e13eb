/** The fixed parts of a canonical line between its key, its numbers and its object id; FORMAT.md says how they go together. */

export const MTIME = Buffer.from('":{"mtime":');
export const CTIME = Buffer.from(',"ctime":');
export const SIZE = Buffer.from(',"size":');
export const INO = Buffer.from(',"ino":');
export const HASH = Buffer.from(',"object_hash":"');
export const ALGORITHM = Buffer.from('sha256:');
/** What ends the line of an entry without dimensions. */
export const TAIL = Buffer.from('","dimensions":{}}');
