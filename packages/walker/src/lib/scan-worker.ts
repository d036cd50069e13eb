import { packReply, scanBatch, type ScanTask } from './scan-batch.js';
import { quickCalls } from './scan-calls.js';
import { servePool } from './serve-pool.js';

servePool((task: ScanTask, signal) => packReply(scanBatch(quickCalls(), task, { signal })));
