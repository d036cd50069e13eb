// Takes a snapshot of a root that needs 40 ms to open a file, by a clock on which 10 s are 150 ms. The native engine opens
// files by itself.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import timers from 'node:timers/promises';

const { open, openSync } = fs;
const { setTimeout: sleep } = timers;
timers.setTimeout = (ms, ...rest) => sleep(ms < 10_000 ? ms : (ms * 150) / 10_000, ...rest);
fs.open = (...given) => void globalThis.setTimeout(() => open(...given), 40);
fs.openSync = (...given) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40);
  return openSync(...given);
};
syncBuiltinESMExports();

process.env.MUSE_ENGINE = 'typescript';
const { createSnapshot } = await import('@muse/snapshot');
await createSnapshot(process.argv[2], { threads: 1 });
