import { scanBatch, type ScanTask } from './scan-batch.js';
import { quickCalls } from './scan-calls.js';
import { servePool } from './serve-pool.js';

servePool((task: ScanTask, signal) => {
  const reply = scanBatch(quickCalls(), task, { signal });
  return { value: reply, transfer: [reply.stats.buffer, reply.kinds.buffer] };
});
