import { setTimeout } from 'node:timers/promises';
import type { StatCache } from '@muse/stat-cache';
import { systemProblem, type Tree } from '@muse/walker/scan';
import { tornFile } from '../errors.js';
import { missesOf, type DirectoryResult, type Miss } from '../take/join.js';
import type { Progress } from '../types.js';
import type { HashEngine } from './engine.js';
import { resultsIn, type FileResult } from './reply.js';

/** Counts of the files that were read. */
export interface Hashed {
  files: number;
  bytes: number;
  /** Files whose size is not the number of their bytes, so that they were not recorded. */
  uncached: number;
  /** Files whose ctime lies ahead of the clock. */
  ahead: number;
}

/** Options of {@link hashMisses}. */
export interface HashMissesOptions {
  readonly engine: HashEngine;
  readonly cache: StatCache | undefined;
  /** Called with what to add to the counts. */
  readonly onProgress: (counts: Partial<Omit<Progress, 'phase'>>) => void;
  readonly signal: AbortSignal | undefined;
  /** Resolves once the save under way is done; `undefined` where there is none. Default: there never is. */
  readonly saving?: (() => Promise<unknown> | undefined) | undefined;
}

/** Times that a file is read if it keeps changing, or looked for if it keeps being replaced. */
const ROUNDS = 3;

/**
 * Hashes the misses of a tree, and records them. A file that changed while it was read is read again in the next round.
 * If a path now leads elsewhere, its directory is listed again, and the next round hashes what is new there, too.
 */
export async function hashMisses(
  tree: Tree<DirectoryResult>,
  first: readonly Miss[],
  options: HashMissesOptions,
): Promise<Hashed> {
  const { cache, onProgress, saving } = options;
  const total: Hashed = { files: 0, bytes: 0, uncached: 0, ahead: 0 };
  let misses = first;
  for (let round = 1; misses.length > 0; round++) {
    const isLast = round === ROUNDS;
    const moved: Miss[] = [];
    onProgress({ filesToHash: misses.length, bytesToHash: misses.reduce((sum, { size }) => sum + size, 0) });
    // Before the first file is opened: what changes from here on must not be trusted.
    await saving?.();
    const boundary = await cache?.boundary();
    const isAhead = boundary === undefined ? () => false : aheadOf(boundary);
    await hashEach(misses, options, (miss, result) => {
      const { problems } = miss.directory;
      switch (result.outcome) {
        case 'hashed':
          total.files++;
          total.bytes += result.bytes;
          if (isAhead(result.stat.ctimeNs)) total.ahead++;
          if (!record(miss, result, cache, boundary)) total.uncached++;
          onProgress({ hashedFiles: 1, hashedBytes: result.bytes });
          break;
        case 'changed':
          if (isLast) problems.push(tornFile(miss.path, 'changed'));
          break;
        case 'moved':
          moved.push(miss);
          break;
        default:
          problems.push(systemProblem(miss.path, result.outcome, result.errno));
      }
    });
    if (isLast) {
      // Without an object id, the others become problems of the snapshot.
      for (const miss of moved) if (tree.isMissing(miss.path)) forget(miss);
      break;
    }
    for (const { directory } of moved) tree.relist(directory.node);
    await tree.list();
    misses = missesOf(tree.top);
  }
  return total;
}

/** Hashes files, as many batches at once as the engine takes, and hands on the result of each. */
async function hashEach(
  misses: readonly Miss[],
  { engine, signal }: HashMissesOptions,
  take: (miss: Miss, result: FileResult) => void,
): Promise<void> {
  await engine.prepare(misses);
  // All lanes take turns at one iterator, so that each batch is hashed once.
  const batches = batchesOf(misses, engine.batchFiles).values();
  const start = () => {
    signal?.throwIfAborted();
    const { value: batch } = batches.next();
    return (
      batch && {
        batch,
        reply: engine.hash(
          batch.map((miss) => miss.toHash()),
          signal,
        ),
      }
    );
  };
  const lane = async () => {
    let call = start();
    try {
      while (call) {
        const { batch, reply } = call;
        const results = resultsIn(await reply);
        // The engine goes on while the results are taken.
        call = start();
        for (const miss of batch) {
          const { value: result } = results.next();
          if (!result) throw new Error('Broken hash reply: a file has no row');
          take(miss, result);
        }
      }
    } finally {
      await call?.reply.catch(() => undefined);
    }
  };
  // All lanes end before this does: nothing goes on behind the caller's back.
  const lanes = await Promise.allSettled(Array.from({ length: engine.capacity }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}

/** Files from this size on go first and alone, so that no thread has a large one left at the end: 1 MiB. */
const LARGE_FILE = 1024 * 1024;
/** A batch ends with this many bytes at the latest: some 2 ms of work. */
const BATCH_BYTES = 2 * 1024 * 1024;

/** Returns the batches in which files are hashed: large files first, the largest before all, then the rest as listed. */
export function batchesOf<T extends { readonly size: number }>(files: readonly T[], maxFiles: number): T[][] {
  const large = files.filter(({ size }) => size >= LARGE_FILE).sort((a, b) => b.size - a.size);
  const batches = large.map((file) => [file]);
  let batch: T[] = [];
  let bytes = 0;
  for (const file of files) {
    if (file.size >= LARGE_FILE) continue;
    if (batch.length === maxFiles || bytes >= BATCH_BYTES) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/**
 * Keeps the object id of a file. Returns false if its size lies, as in procfs: a change could go unseen, so it is not
 * cached.
 */
function record(
  miss: Miss,
  { objectId, stat, bytes }: Extract<FileResult, { outcome: 'hashed' }>,
  cache: StatCache | undefined,
  boundary: bigint | undefined,
): boolean {
  miss.directory.set(miss.entry, objectId);
  miss.bytes = bytes;
  if (BigInt(bytes) !== stat.size) return false;
  cache?.record(miss.path, stat, objectId, boundary);
  return true;
}

/** Removes a file that is gone from the listing that still has it. */
function forget(miss: Miss): void {
  const { directory } = miss;
  directory.listing.leaveOut(miss);
  directory.node.excludedFiles = [...directory.node.excludedFiles, miss.name];
  directory.misses.splice(directory.misses.indexOf(miss), 1);
}

/** Longer than a guessed boundary lies behind the clock. */
const AHEAD_NS = 5_000_000_000n;

/** Returns a function that tells whether a time is ahead of the clock that a boundary was just taken from. */
function aheadOf(boundary: bigint): (timeNs: bigint) => boolean {
  const taken = performance.now();
  return (timeNs) =>
    timeNs - boundary > AHEAD_NS + BigInt(Math.round(performance.now() - taken)) * 1_000_000n;
}

/** The least time between two checkpoints: 10 s. */
const CHECKPOINT_MS = 10_000;
/** The pause after a checkpoint, in multiples of the time that it took: saving takes a twentieth of a run at most. */
const CHECKPOINT_PAUSE = 20;

/** The clock; tests have their own. */
export interface Time {
  /** Waits this many milliseconds, and rejects once it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Returns milliseconds since any fixed moment. */
  readonly now: () => number;
}

/** Saves beside a long run. */
export interface Checkpoints {
  /** Resolves once the save under way is done; `undefined` where there is none. */
  readonly saving: () => Promise<unknown> | undefined;
  /** Ends the saving, once a save under way is done. */
  readonly stop: () => Promise<void>;
}

/**
 * Saves what a long run has hashed from time to time, so that interrupting the run loses its last seconds only. A save
 * that fails is tried again at the next turn; the run's own save reports what is wrong.
 */
export function startCheckpoints(
  cache: Pick<StatCache, 'checkpoint'>,
  { sleep, now }: Time = realTime,
): Checkpoints {
  const stopping = new AbortController();
  let saving: Promise<boolean> | undefined;
  const run = async () => {
    let pause = CHECKPOINT_MS;
    while (!stopping.signal.aborted) {
      await sleep(pause, stopping.signal);
      const started = now();
      saving = cache.checkpoint().catch(() => true);
      const isWork = await saving;
      saving = undefined;
      pause = isWork ? Math.max(CHECKPOINT_MS, CHECKPOINT_PAUSE * (now() - started)) : CHECKPOINT_MS;
    }
  };
  // Sleeping rejects once it is stopped.
  const ended = run().catch(() => undefined);
  return {
    saving: () => saving,
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

const realTime: Time = {
  // Keeps no process alive.
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
  now: () => performance.now(),
};
