import { sha256Id } from '@muse/testkit';
import { numberedContent } from '../../src/trees/numbered-tree.js';

export { numberedContent, numberedPaths, writeNumberedTree } from '../../src/trees/numbered-tree.js';

/** The manifest that such a tree must have, worked out without the code under test. */
export function numberedManifest(paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [path, sha256Id(numberedContent(path))]));
}
