import { Worker } from 'node:worker_threads';
import { CurrentText } from './current-text.js';
import type { FuzzReport } from './fuzz.js';
import type { FuzzTask } from './fuzz-worker.js';

/** A decoder that takes this long for one text, on however busy a machine, does not come back. */
const PATIENCE_MS = 20_000;

/** Runs the fuzz in a thread of its own, and ends it with a finding where a text makes it hang. */
export function fuzzWatched(seed: number, seconds: number): Promise<FuzzReport> {
  const current = new CurrentText();
  const task: FuzzTask = { seed, seconds, memory: current.memory };
  const worker = new Worker(new URL('./fuzz-worker.js', import.meta.url), { workerData: task });
  return new Promise<FuzzReport>((resolve, reject) => {
    let seen = -1;
    const watch = setInterval(() => {
      if (current.count !== seen) {
        seen = current.count;
        return;
      }
      resolve(hung(current));
      void worker.terminate();
    }, PATIENCE_MS);
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', () => {
      clearInterval(watch);
    });
  });
}

function hung(current: CurrentText): FuzzReport {
  const findings = [{ fault: 'decode, or using what it gave, does not end', text: current.get() }];
  return { texts: current.count, taken: 0, bombs: 0, kinds: 0, blocks: 0, slowest: PATIENCE_MS, findings };
}
