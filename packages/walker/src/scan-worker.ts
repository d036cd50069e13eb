import { servePool } from './lib/pool/thread-pool.js';
import { quickCalls } from './lib/scan/linux-directory.js';
import { scanBatch, type ScanTask } from './lib/scan/engine.js';

servePool((task: ScanTask, signal) => {
  const value = scanBatch(quickCalls(), task, { signal });
  return { value, transfer: [value.buffer] };
});
