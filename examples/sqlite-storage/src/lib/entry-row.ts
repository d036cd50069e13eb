import { hash } from 'node:crypto';
import { isTreePath, parseTreePath, treePathFromBytes, treePathToBytes } from '@muse/paths';
import { isObjectId, type FileCacheEntry } from '@muse/stat-cache';
import type { SqlValue } from 'sql.js';

const DECIMAL = /^-?[0-9]{1,40}$/;
const GUARD_BYTES = 16;

/** Returns the row of an entry, in the order of the columns; throws where `path` is no tree path. */
export function rowOf(path: string, entry: FileCacheEntry): SqlValue[] {
  const bytes = treePathToBytes(parseTreePath(path));
  const texts = [
    String(entry.size),
    String(entry.mtimeNs),
    entry.ctimeNs === undefined ? null : String(entry.ctimeNs),
    String(entry.ino),
    entry.objectId,
    JSON.stringify([...entry.dimensions]),
  ];
  return [bytes, ...texts, guardOf(bytes, texts)];
}

/** Returns the entry of a row, or `undefined` where any part of it is not as {@link rowOf} wrote it. */
export function entryOf(row: readonly SqlValue[]): readonly [string, FileCacheEntry] | undefined {
  const [bytes, ...texts] = row;
  const guard = texts.pop();
  if (!(bytes instanceof Uint8Array) || !(guard instanceof Uint8Array)) return undefined;
  if (Buffer.compare(guardOf(bytes, texts), guard) !== 0) return undefined;
  const [size, mtimeNs, ctimeNs, ino, objectId, json] = texts;
  const path = treePathFromBytes(bytes);
  const dimensions = dimensionsOf(json);
  if (!isTreePath(path) || !dimensions || typeof objectId !== 'string' || !isObjectId(objectId))
    return undefined;
  if (!isDecimal(size) || !isDecimal(mtimeNs) || !isDecimal(ino)) return undefined;
  if (ctimeNs !== null && !isDecimal(ctimeNs)) return undefined;
  const entry = {
    size: BigInt(size),
    mtimeNs: BigInt(mtimeNs),
    ctimeNs: ctimeNs === null ? undefined : BigInt(ctimeNs),
    ino: BigInt(ino),
    objectId,
    dimensions,
  };
  return [path, entry];
}

function isDecimal(value: SqlValue | undefined): value is string {
  return typeof value === 'string' && DECIMAL.test(value);
}

function dimensionsOf(json: SqlValue | undefined): Map<string, string> | undefined {
  if (json === '[]') return new Map();
  let pairs: unknown;
  try {
    pairs = JSON.parse(String(json));
  } catch {
    return undefined;
  }
  if (!Array.isArray(pairs) || !pairs.every(isPairOfTexts)) return undefined;
  return new Map(pairs);
}

function isPairOfTexts(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === 'string');
}

/** NUL stands between the columns and in none of them, so that no two rows give the same text. */
function guardOf(path: Uint8Array, texts: readonly SqlValue[]): Buffer {
  const columns = [Buffer.from(path).toString('latin1'), ...texts.map(String)];
  return hash('sha256', columns.join('\0'), 'buffer').subarray(0, GUARD_BYTES);
}
