import { createHash } from 'node:crypto';
import { numberedContent } from '../../src/trees/numbered-tree.js';

export { numberedContent, numberedPaths, writeNumberedTree } from '../../src/trees/numbered-tree.js';

/** The manifest that such a tree must have, worked out without the code under test. */
export function numberedManifest(paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [path, sha256Id(numberedContent(path))]));
}

/** The object id of some bytes, by `node:crypto` alone. */
export function sha256Id(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
