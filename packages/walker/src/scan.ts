export { codeOf, errnoOf, isMoved, problemOf, systemProblem } from './lib/problems.js';
export {
  servePool,
  SLOW_TURN_MS,
  threadCount,
  ThreadPool,
  ThreadsUnavailableError,
} from './lib/pool/thread-pool.js';
export {
  scanBatch,
  TypeScriptScanEngine,
  type DirectoryToScan,
  type ScanCall,
  type ScanEngine,
  type ScanTask,
} from './lib/scan/engine.js';
export {
  kindOfMode,
  nativePathOf,
  systemCalls,
  type ListedDirectory,
  type ScanCalls,
} from './lib/scan/open-directory.js';
export { DETAIL_WORDS, Details, HIGH, LOW, PackedStats, STAT_LAYOUT } from './lib/scan/reply.js';
export {
  nativeEngine,
  NativeScanEngine,
  openNativeRoot,
  type NativeEngine,
  type NativeRoot,
} from './lib/scan/native-engine.js';
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
  type EntryCursor,
  type Join,
  type LineRange,
  type ListedIn,
  type Listing,
} from './lib/scan/reply.js';
export {
  countLeftOut,
  DirectoryNode,
  directoriesOf,
  entriesInPathOrder,
  Tree,
  whyLeftOut,
  type EntryType,
  type Run,
} from './lib/scan/tree.js';
export { RESERVED_NAMES } from './lib/types.js';
export { resolveSubtree, revisitRoot } from './lib/walk/root.js';
