// Changes the file it is given, without a pause, until it is ended.
import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { path, stop } = workerData;
const fd = openSync(path, 'r+');
parentPort.postMessage('started');
for (let i = 0; Atomics.load(stop, 0) === 0; i++) writeSync(fd, `${i} `, (i % 64) * 1000);
closeSync(fd);
