import { areTreePathsSorted, sortTreePaths, withPath } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import type { Manifest } from './types.js';

/** Returns the manifest in path order: itself where it is so already, else a sorted copy. */
export function inPathOrder(manifest: ReadonlyMap<string, ObjectId>): Manifest {
  if (areTreePathsSorted(manifest.keys())) return manifest;
  let sorted = new Map<string, ObjectId>();
  for (const path of sortTreePaths([...manifest.keys()])) {
    const objectId = manifest.get(path);
    if (objectId !== undefined) sorted = withPath(sorted, path, objectId);
  }
  return sorted;
}
