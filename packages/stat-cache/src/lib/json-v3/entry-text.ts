import type { FileCacheEntry } from '../types.js';
import { timeText } from './number-text.js';

/**
 * Returns the canonical line of one entry, without the separator that follows it; `ctimeNs` is the entry's own, which
 * must be known.
 */
export function entryText(path: string, entry: FileCacheEntry, ctimeNs: bigint): string {
  return (
    `${JSON.stringify(path)}:{"mtime":${timeText(entry.mtimeNs)},"ctime":${timeText(ctimeNs)},` +
    `"size":${String(entry.size)},"ino":${String(entry.ino)},"object_hash":"${entry.objectId}",` +
    `"dimensions":${dimensionsText(entry.dimensions)}}`
  );
}

/** Returns the canonical text of dimensions: their names in the order of UTF-16 units, nothing between. */
export function dimensionsText(dimensions: ReadonlyMap<string, string>): string {
  if (dimensions.size === 0) return '{}';
  const names = [...dimensions.keys()].sort();
  const members = names.map(
    (name) => `${JSON.stringify(name)}:${JSON.stringify(dimensions.get(name) ?? '')}`,
  );
  return `{${members.join(',')}}`;
}
