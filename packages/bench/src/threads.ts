import { lstatSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { createSnapshot, type Snapshot } from '@muse/snapshot';
import { walk, type WalkedFile } from '@muse/walker';
import { Details } from '@muse/walker/scan';
import { shortest } from './measure.js';
import { promisedWalk } from './rejected/promised-walk.js';

/** Measures what decision 005 rests on, for the files below a root; a value is in the unit that its name ends with. */
export async function measureThreads(root: string): Promise<Record<string, number>> {
  const { files } = await walk(root);
  const paths = files.map(({ path }) => join(root, path));
  const perFile = (ms: number) => (ms * 1000) / files.length;
  const all = `${availableParallelism()} threads`;
  return {
    files: files.length,
    'lstatSync, µs': perFile(
      await shortest(() => {
        lstatAll(paths);
      }),
    ),
    'promises.lstat, one after the other, µs': perFile(await shortest(() => lstatInLanes(paths, 1), 2)),
    'promises.lstat, 32 at once, µs': perFile(await shortest(() => lstatInLanes(paths, 32), 2)),
    'walk by promises, ms': await shortest(() => promisedWalk(root), 3),
    'walk on 1 thread, ms': await shortest(() => walk(root, { threads: 1 }), 3),
    [`walk on ${all}, ms`]: await shortest(() => walk(root), 3),
    'snapshot without cache, files read by promises, ms': await shortest(() => coldSnapshot(root, 1), 2),
    [`snapshot without cache, files read on ${all}, ms`]: await shortest(() => coldSnapshot(root), 2),
    'longest turn of the event loop, walk by promises, ms': await longestTurn(() => promisedWalk(root)),
    [`longest turn of the event loop, snapshot on ${all}, ms`]: await longestTurn(() => coldSnapshot(root)),
    'start of a thread, ms': await shortest(startThread),
    'message of one object a file, ms': await shortest(() => structuredClone(files)),
    'message of names and packed stats, ms': await shortest(() => clonePacked(files)),
  };
}

function lstatAll(paths: readonly string[]): void {
  for (const path of paths) lstatSync(path, { bigint: true });
}

async function lstatInLanes(paths: readonly string[], lanes: number): Promise<void> {
  const rest = paths.values();
  const lane = async () => {
    for (const path of rest) await lstat(path, { bigint: true });
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** One thread reads files by promises, on libuv's own threads, so as not to hold the event loop. */
function coldSnapshot(root: string, threads?: number): Promise<Snapshot> {
  return createSnapshot(root, { cache: false, threads });
}

async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
}

async function startThread(): Promise<void> {
  const worker = new Worker(new URL(import.meta.resolve('@muse/walker/scan')));
  await new Promise((resolve) => worker.once('online', resolve));
  await worker.terminate();
}

/** Packs as the walker's threads do, hands over as they do, and takes the names apart. */
function clonePacked(files: readonly WalkedFile[]): string[] {
  const details = new Details();
  for (const { stat } of files) details.add(stat);
  const stats = details.words;
  const names = files.map(({ path }) => path).join('\0');
  return structuredClone({ names, stats }, { transfer: [stats.buffer as ArrayBuffer] }).names.split('\0');
}
