export { noneLeftOut } from './lib/kinds.js';
export { rulesAbove, type RulesAbove } from './lib/ignore/rules-above.js';
export { codeOf, errnoOf, isMoved, problemOf, systemProblem } from './lib/problems.js';
export { servePool, type Answer, type TaskSignal } from './lib/pool/serve-pool.js';
export {
  CACHE_BYTES_WORTH_THREADS,
  KNOWN_FILES_WORTH_THREADS,
  MISSES_WORTH_THREADS,
  SLOW_TURN_MS,
  startWorkersBesideMain,
} from './lib/pool/start-policy.js';
export { threadCount } from './lib/pool/thread-count.js';
export { ThreadPool, ThreadsUnavailableError } from './lib/pool/thread-pool.js';
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
  type Base,
  type DirectoryToScan,
} from './lib/scan/directory.js';
export { scanBatch, TypeScriptScanEngine, type ScanEngine, type ScanTask } from './lib/scan/engine.js';
export { entriesInPathOrder, type Run } from './lib/scan/entries.js';
export type { Identity, OpenedDirectory } from './lib/scan/opened-directory.js';
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
export type { StatxRecord } from './lib/scan/statx-record.js';
export { Tree, type TreeOptions } from './lib/scan/tree.js';
export { RESERVED_NAMES } from './lib/types.js';
export { resolveSubtree, revisitRoot } from './lib/walk/resolve-root.js';
