import { parseTreePath, withPath } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import type { Manifest } from './types.js';

/**
 * Returns the part of a manifest below the directory `path`, re-rooted there and in the same order; `''` gives all of
 * it. Empty where the manifest has nothing below `path`, so for a file too.
 *
 * Under the same ignore rules its snapshot id is that of the directory by itself.
 *
 * @throws SyntaxError when `path` is neither `''` nor a tree path.
 */
export function subtree(manifest: Manifest, path: string): Manifest {
  if (path === '') return manifest;
  const prefix = `${parseTreePath(path)}/`;
  let part = new Map<string, ObjectId>();
  for (const [file, objectId] of manifest) {
    if (file.startsWith(prefix)) part = withPath(part, file.slice(prefix.length), objectId);
  }
  return part;
}
