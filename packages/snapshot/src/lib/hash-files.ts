import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  asyncCalls,
  hashFileSync,
  hashFileWith,
  type FileCalls,
  type FileStat,
  type ObjectId,
} from '@muse/stat-cache';
import { PackedStats, StatView, ThreadsUnavailableError, type ThreadPool } from '@muse/walker/scan';
import type { HashReply, HashTask } from './hash-batch.js';
import { failureOf, type HashFailure } from './hash-failure.js';
import { ListedDirectories, type ListedDirectory } from './listed-directory.js';
import { planBatches, type Sized } from './hash-plan.js';

/** A file to hash. */
export interface FileToHash extends Sized {
  readonly directory: ListedDirectory;
  readonly name: string;
  /** The stat that it was listed with. */
  readonly stat: FileStat;
}

/** What becomes of each file; called once for each, in any order. */
export interface HashSink<T> {
  hashed(file: T, objectId: ObjectId, stat: FileStat, bytes: number): void;
  failed(file: T, failure: HashFailure): void;
}

/** Where and with what to hash. */
export interface HashContext {
  readonly root: string;
  readonly pool: ThreadPool | undefined;
  readonly signal: AbortSignal | undefined;
  /** The calls of this thread. Default: the system's. */
  readonly calls?: FileCalls | undefined;
  /**
   * Resolves once no temporary file exists. While there is one this thread makes no call that may block: a program that
   * is to remove it on a signal has to hear of that signal.
   */
  readonly saving?: (() => Promise<unknown> | undefined) | undefined;
}

/** Fewer files than this start no thread: 45 ms are worth some 400 files on this one. */
const FEW_FILES = 256;
/** Files that this thread reads at once, where it waits for them. */
const LANES = 4;
const LANE_BUFFER_BYTES = 256 * 1024;
const ID_LENGTH = 'sha256:'.length + 64;

/** Hashes files: few of them on this thread, without blocking it for long, many on the pool's. Rejects when aborted. */
export async function hashFiles<T extends FileToHash>(
  files: readonly T[],
  context: HashContext,
  sink: HashSink<T>,
): Promise<void> {
  const { pool } = context;
  if (pool && !pool.unavailable && (pool.started || files.length > FEW_FILES))
    await hashOnPool(files, context, pool, sink);
  else await hashHere(files, context, sink);
}

/** Files up to this size are read by blocking calls, in turns of the event loop: a fifth of what promises of them take. */
const SMALL_FILE = 256 * 1024;
/** Milliseconds that a turn takes at least, unless there is nothing left to do. */
const TURN_MS = 2;
/** Milliseconds. A small file takes a fraction of one while it is in memory; from here on it is the disk that answers. */
const SLOW_FILE_MS = 20;

/** Hashes files on this thread; where the system makes it wait, by promises, several at once. */
async function hashHere<T extends FileToHash>(
  files: readonly T[],
  { root, signal, calls, saving }: HashContext,
  sink: HashSink<T>,
): Promise<void> {
  // The lanes take turns at one iterator, so that each file has one reader.
  const rest = files.values();
  let blocks = calls === undefined;
  let turnEnds = performance.now() + TURN_MS;
  const lane = async () => {
    const buffer = Buffer.allocUnsafeSlow(LANE_BUFFER_BYTES);
    const places = new ListedDirectories(calls ?? asyncCalls, root);
    try {
      await readOn(buffer, places);
    } finally {
      places.close();
    }
  };
  const readOn = async (buffer: Uint8Array, places: ListedDirectories) => {
    for (const file of rest) {
      const save = saving?.();
      if (save) await save;
      signal?.throwIfAborted();
      let hashed;
      try {
        const { path, through } = places.fileIn(file.directory, file.name);
        const options = { listed: file.stat, through, buffer, signal };
        if (blocks && file.size <= SMALL_FILE) {
          const started = performance.now();
          hashed = hashFileSync(path, options);
          blocks = performance.now() - started < SLOW_FILE_MS;
        } else {
          hashed = await hashFileWith(calls ?? asyncCalls, path, options);
        }
      } catch (error) {
        signal?.throwIfAborted();
        sink.failed(file, failureOf(file.path, error));
        continue;
      }
      sink.hashed(file, hashed.objectId, hashed.stat, hashed.bytes);
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
  };
  await allDone(Array.from({ length: Math.min(LANES, files.length) }, lane));
}

async function hashOnPool<T extends FileToHash>(
  files: readonly T[],
  context: HashContext,
  pool: ThreadPool,
  sink: HashSink<T>,
): Promise<void> {
  const { root, signal } = context;
  if (files.length > FEW_FILES) pool.start();
  const batches = planBatches(files).values();
  const feed = async () => {
    for (const batch of batches) {
      signal?.throwIfAborted();
      const listed = new PackedStats();
      for (const { stat } of batch) listed.add(stat);
      const names = batch.map(({ name }) => name).join('\0');
      const directories = directoriesOf(batch);
      const task: HashTask = { kind: 'hash', root, directories, names, listed: listed.take() };
      try {
        deliver(batch, await pool.run<HashReply>(task), sink);
      } catch (error) {
        if (!(error instanceof ThreadsUnavailableError)) throw error;
        await hashHere(batch, context, sink);
      }
    }
  };
  await allDone(Array.from({ length: pool.capacity }, feed));
}

/** Returns the directories of the files, in their order, and how many in a row are in each. */
function directoriesOf(files: readonly FileToHash[]): HashTask['directories'] {
  const found: { path: string; dev: bigint; ino: bigint; count: number }[] = [];
  let last: ListedDirectory | undefined;
  for (const { directory } of files) {
    const { path, dev, ino } = directory;
    if (directory !== last) found.push({ path, dev, ino, count: 0 });
    const current = found.at(-1);
    if (current) current.count++;
    last = directory;
  }
  return found;
}

function deliver<T>(batch: readonly T[], reply: HashReply, sink: HashSink<T>): void {
  const failures = new Map(reply.failures.map((failure) => [failure.index, failure]));
  const stat = new StatView(reply.stats);
  let done = 0;
  for (const [index, file] of batch.entries()) {
    const failure = failures.get(index);
    if (failure) {
      sink.failed(file, failure);
      continue;
    }
    const objectId = reply.objectIds.slice(done * ID_LENGTH, (done + 1) * ID_LENGTH) as ObjectId;
    sink.hashed(file, objectId, stat.at(done), reply.bytes[done] ?? 0);
    done++;
  }
}

/** Rejects with the first failure, but not before all have ended: nothing goes on behind the caller's back. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
