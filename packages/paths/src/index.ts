export {
  holdBelow,
  holdDirectory,
  isSameInode,
  openLongPath,
  pathInDirectory,
  type HeldDirectory,
  type HoldBelowOptions,
  type HoldDirectory,
  type Identity,
  type LongPath,
} from './lib/held-directory.js';
export {
  cacheDir,
  findRoot,
  museDir,
  settingsPath,
  snapshotsDir,
  statCachePath,
} from './lib/muse-directory.js';
export { addPath, PathMap, PathSet, withPath } from './lib/tree-path.js';
export {
  areTreePathsSorted,
  compareTreePaths,
  isTreePath,
  isWellFormedPath,
  parseTreePath,
  relativeTreePath,
  sortTreePaths,
  toFsPath,
  toNativePath,
  treePathFromBytes,
  treePathToBytes,
} from './lib/tree-path.js';
