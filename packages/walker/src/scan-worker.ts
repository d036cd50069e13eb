import { servePool } from './lib/pool/thread-pool.js';
import { systemCalls } from './lib/scan/open-directory.js';
import { scanBatch, type ScanTask } from './lib/scan/engine.js';

servePool((task: ScanTask, signal) => {
  const value = scanBatch(systemCalls, task, { signal });
  return { value, transfer: [value.buffer] };
});
