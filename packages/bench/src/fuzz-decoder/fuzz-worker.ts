import { parentPort, workerData } from 'node:worker_threads';
import { CurrentText } from './current-text.js';
import { fuzz } from './fuzz.js';

/** What a thread is told to do. */
export interface FuzzTask {
  readonly seed: number;
  readonly seconds: number;
  readonly memory: SharedArrayBuffer;
}

const { seed, seconds, memory } = workerData as FuzzTask;
const current = new CurrentText(memory);
parentPort?.postMessage(
  fuzz(seed, seconds, (text) => {
    current.set(text);
  }),
);
