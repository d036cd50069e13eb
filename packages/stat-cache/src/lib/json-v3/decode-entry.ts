import { MAX_DIMENSION_NAME, MAX_DIMENSIONS } from '../limits.js';
import { isObjectId } from '../object-id.js';
import type { FileCacheEntry } from '../types.js';
import { skipMembers, stringText } from './json-bytes.js';
import { parseCount, parseTime } from './number-text.js';

const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const FIELDS = ['mtime', 'ctime', 'size', 'ino', 'object_hash', 'dimensions'] as const;
type Field = (typeof FIELDS)[number];
/** Bytes of one UTF-16 unit, however it is written. */
const UNIT_BYTES = 6;
/** More bytes than any of these has, however it is written: a name of ours, a number, an object id. */
const MAX_SCALAR_BYTES = 80 * UNIT_BYTES;

/**
 * Returns the entry that a JSON value describes, or `undefined` where any part of it is damaged or repeated. The bytes
 * from `start` on must be a value, of whatever kind.
 */
export function decodeEntry(bytes: Buffer, start: number): FileCacheEntry | undefined {
  const fields = fieldsOf(bytes, start);
  if (!fields) return undefined;
  const scalar = (field: Field) => {
    const [from, to] = fields.get(field) ?? [0, 0];
    return to - from > MAX_SCALAR_BYTES ? '' : bytes.toString('latin1', from, to);
  };
  const mtimeNs = parseTime(scalar('mtime'));
  const size = parseCount(scalar('size'));
  const ino = parseCount(scalar('ino'));
  const ctimeNs = parseTime(scalar('ctime'));
  const hash = scalar('object_hash');
  const objectId = hash.startsWith('"') ? (JSON.parse(hash) as string) : '';
  const dimensions = dimensionsFrom(bytes, fields.get('dimensions')?.[0]);
  if (mtimeNs === undefined || size === undefined || ino === undefined) return undefined;
  if (ctimeNs === undefined && fields.has('ctime')) return undefined;
  if (!isObjectId(objectId) || !dimensions) return undefined;
  return { size, mtimeNs, ctimeNs, ino, objectId, dimensions };
}

type Fields = ReadonlyMap<string, readonly [from: number, to: number]>;

/** Returns where the values of our fields lie; `undefined` where one is there twice, or the value is no object. */
function fieldsOf(bytes: Buffer, start: number): Fields | undefined {
  if (bytes[start] !== OPEN_OBJECT) return undefined;
  const fields = new Map<string, readonly [number, number]>();
  const state = { repeated: false };
  skipMembers(bytes, start + 1, 0, (key, keyEnd, value, valueEnd) => {
    if (keyEnd - key > MAX_SCALAR_BYTES) return;
    const name = stringText(bytes, key, keyEnd);
    if (!FIELDS.includes(name as Field)) return;
    state.repeated ||= fields.has(name);
    fields.set(name, [value, valueEnd]);
  });
  return state.repeated ? undefined : fields;
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

function dimensionsFrom(bytes: Buffer, start: number | undefined): ReadonlyMap<string, string> | undefined {
  if (start === undefined) return NO_DIMENSIONS;
  if (bytes[start] !== OPEN_OBJECT) return undefined;
  const dimensions = new Map<string, string>();
  const state = { damaged: false };
  skipMembers(bytes, start + 1, 0, (key, keyEnd, value, valueEnd) => {
    // No longer text is made, and no larger map, than an entry may have.
    state.damaged ||= keyEnd - key > MAX_DIMENSION_NAME * UNIT_BYTES + 2 || bytes[value] !== QUOTE;
    if (state.damaged) return;
    const name = stringText(bytes, key, keyEnd);
    state.damaged = name.length > MAX_DIMENSION_NAME || dimensions.has(name);
    state.damaged ||= dimensions.size === MAX_DIMENSIONS;
    if (!state.damaged) dimensions.set(name, stringText(bytes, value, valueEnd));
  });
  if (state.damaged) return undefined;
  return dimensions.size === 0 ? NO_DIMENSIONS : dimensions;
}
