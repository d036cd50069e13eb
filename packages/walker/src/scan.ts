export { countLeftOut, DirectoryNode, directoriesOf, type Listing } from './lib/directory-node.js';
export { DIRECTORY, FILE, LEFT_OUT, noneLeftOut } from './lib/kinds.js';
export type { Identity, OpenedDirectory } from './lib/opened-directory.js';
export { PackedStats, SizeView, StatView } from './lib/packed-stats.js';
export { rulesAbove, type RulesAbove } from './lib/rules-above.js';
export { runsOf, type Run } from './lib/runs-of.js';
export { codeOf, isMoved, problemOf } from './lib/problems.js';
export { resolveSubtree, revisitRoot } from './lib/resolve-root.js';
export {
  packReply,
  scanBatch,
  type Annotate,
  type ScanMessage,
  type ScannedEntries,
  type ScanReply,
  type ScanTask,
} from './lib/scan-batch.js';
export { quickCalls, type ScanCalls } from './lib/scan-calls.js';
export { ScanExecutor, startBeside, type Annotation } from './lib/scan-executor.js';
export { servePool, type Answer, type TaskSignal } from './lib/serve-pool.js';
export type { StatxRecord } from './lib/statx-record.js';
export { threadCount } from './lib/thread-count.js';
export { ThreadPool, ThreadsUnavailableError } from './lib/thread-pool.js';
export { TreeScan, type TreeScanOptions } from './lib/tree-scan.js';
export { RESERVED_NAMES } from './lib/types.js';
