import { isObjectId } from '../object-id.js';
import type { FileCacheEntry } from '../types.js';
import { JsonNumber, JsonObject, type JsonValue } from './json-text.js';
import { parseCount, parseTime } from './number-text.js';

/** Returns the entry that a JSON value describes, or `undefined` where any part of it is damaged or repeated. */
export function decodeEntry(value: JsonValue): FileCacheEntry | undefined {
  if (!(value instanceof JsonObject)) return undefined;
  const mtimeNs = time(value.get('mtime'));
  const size = count(value.get('size'));
  const ino = count(value.get('ino'));
  const objectId = value.get('object_hash');
  const dimensions = decodeDimensions(value);
  if (mtimeNs === undefined || size === undefined || ino === undefined || dimensions === undefined) {
    return undefined;
  }
  if (typeof objectId !== 'string' || !isObjectId(objectId)) return undefined;
  const ctimeNs = time(value.get('ctime'));
  if (ctimeNs === undefined && value.count('ctime') > 0) return undefined;
  return { size, mtimeNs, ctimeNs, ino, objectId, dimensions };
}

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

function decodeDimensions(entry: JsonObject): ReadonlyMap<string, string> | undefined {
  if (entry.count('dimensions') === 0) return NO_DIMENSIONS;
  const value = entry.get('dimensions');
  if (!(value instanceof JsonObject)) return undefined;
  if (value.members.length === 0) return NO_DIMENSIONS;
  const dimensions = new Map<string, string>();
  for (const [name, text] of value.members) {
    if (typeof text !== 'string' || dimensions.has(name)) return undefined;
    dimensions.set(name, text);
  }
  return dimensions;
}

function time(value: JsonValue | undefined): bigint | undefined {
  return value instanceof JsonNumber ? parseTime(value.text) : undefined;
}

function count(value: JsonValue | undefined): bigint | undefined {
  return value instanceof JsonNumber ? parseCount(value.text) : undefined;
}
