/** Imported into a Node process before its program, it writes to descriptor 3 the most memory that the process had. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { peakMemory } from './peak-memory.js';

if (isMainThread) process.on('exit', () => writeSync(3, String(peakMemory('self'))));
