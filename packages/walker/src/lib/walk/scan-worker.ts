import { servePool } from '../pool/thread-pool.js';
import { quickCalls } from '../scan/calls.js';
import { scanBatch, type ScanTask } from '../scan/engine.js';

servePool((task: ScanTask, signal) => {
  const value = scanBatch(quickCalls(), task, { signal });
  return { value, transfer: [value.buffer] };
});
