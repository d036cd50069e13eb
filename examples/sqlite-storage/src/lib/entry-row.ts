import { hash } from 'node:crypto';
import { isTreePath, parseTreePath, treePathFromBytes, treePathToBytes } from '@muse/paths';
import { isObjectId, type FileCacheEntry } from '@muse/stat-cache';
import type { SqlValue } from 'sql.js';

const GUARD_BYTES = 16;

/** The columns between path and guard. */
type Texts = [
  size: string,
  mtimeNs: string,
  ctimeNs: string | null,
  ino: string,
  objectId: string,
  dimensions: string,
];

/** Returns the row of an entry, in the order of the columns; throws where `path` is no tree path. */
export function rowOf(path: string, entry: FileCacheEntry): SqlValue[] {
  const bytes = treePathToBytes(parseTreePath(path));
  const texts: Texts = [
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
  // So the texts are those of `rowOf`, or of somebody who knows how to make a guard.
  const [size, mtimeNs, ctimeNs, ino, objectId, dimensions] = texts as Texts;
  const path = treePathFromBytes(bytes);
  if (!isTreePath(path) || !isObjectId(objectId)) return undefined;
  const entry = {
    size: BigInt(size),
    mtimeNs: BigInt(mtimeNs),
    ctimeNs: ctimeNs === null ? undefined : BigInt(ctimeNs),
    ino: BigInt(ino),
    objectId,
    dimensions: new Map(JSON.parse(dimensions) as [string, string][]),
  };
  return [path, entry];
}

/** NUL stands between the columns and in none of them, so that no two rows give the same text. */
function guardOf(path: Uint8Array, texts: readonly SqlValue[]): Buffer {
  const columns = [Buffer.from(path).toString('latin1'), ...texts.map(String)];
  return hash('sha256', columns.join('\0'), 'buffer').subarray(0, GUARD_BYTES);
}
