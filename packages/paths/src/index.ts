export { compareTreePaths } from './lib/compare.js';
export { findRoot } from './lib/find-root.js';
export {
  holdBelow,
  holdDirectory,
  pathInDirectory,
  type HeldDirectory,
  type HoldBelowOptions,
  type HoldDirectory,
} from './lib/held-directory.js';
export { cacheDir, museDir, snapshotsDir, statCachePath } from './lib/layout.js';
export { relativeTreePath, toNativePath } from './lib/native-path.js';
export { isWellFormedPath, toOpenable, treePathFromBytes, treePathToBytes } from './lib/path-bytes.js';
export { addPath, PathMap, PathSet, withPath } from './lib/path-map.js';
export { reachPath, type ReachedPath } from './lib/reach-path.js';
export { areTreePathsSorted, sortTreePaths } from './lib/sort.js';
export { isTreePath, parseTreePath } from './lib/tree-path.js';
