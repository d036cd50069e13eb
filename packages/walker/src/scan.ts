export { codeOf, errnoOf, isMoved, problemOf, systemProblem } from './lib/problems.js';
export {
  servePool,
  SLOW_TURN_MS,
  threadCount,
  ThreadPool,
  ThreadsUnavailableError,
} from './lib/pool/thread-pool.js';
export { quickCalls, type ScanCalls } from './lib/scan/calls.js';
export {
  DETAIL_WORDS,
  Details,
  STAT_LAYOUT,
  statMemory,
  StatView,
  writeStat,
  type StatMemory,
} from './lib/scan/details.js';
export {
  countLeftOut,
  DirectoryNode,
  directoriesOf,
  nativePathOf,
  type DirectoryToScan,
  type ListedDirectory,
} from './lib/scan/directory.js';
export { scanBatch, TypeScriptScanEngine, type ScanEngine, type ScanTask } from './lib/scan/engine.js';
export { entriesInPathOrder, type Run } from './lib/scan/entries.js';
export {
  BAD_LINE,
  CTIME_CHANGED,
  DIRECTORY,
  FAILED,
  FIRST_HIT,
  INODE_CHANGED,
  isFile,
  LEFT_OUT,
  listingsIn,
  MTIME_CHANGED,
  NEW,
  ReplyWriter,
  SIZE_CHANGED,
  type Join,
  type LineRange,
  type Listing,
  type NameCursor,
} from './lib/scan/reply.js';
export { Tree } from './lib/scan/tree.js';
export { RESERVED_NAMES } from './lib/types.js';
export { resolveSubtree, revisitRoot } from './lib/walk/resolve-root.js';
