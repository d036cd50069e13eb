import { setTimeout } from 'node:timers/promises';
import { PathSet } from '@muse/paths';
import type { Recorder, StatCache } from '@muse/stat-cache';
import { systemProblem, type Tree } from '@muse/walker/scan';
import { tornFile } from '../errors.js';
import { directoriesWithMisses, type DirectoryResult } from '../take/join.js';
import type { Progress } from '../types.js';
import { Batch, LARGE_FILE, type FilesToHash, type HashEngine } from './engine.js';
import { HashReplyReader } from './reply.js';

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
export async function hashMisses(tree: Tree<DirectoryResult>, options: HashMissesOptions): Promise<Hashed> {
  const { cache, onProgress, saving } = options;
  const total: Hashed = { files: 0, bytes: 0, uncached: 0, ahead: 0 };
  for (let round = 1; round <= ROUNDS; round++) {
    const misses = findMisses(directoriesWithMisses(tree.listed));
    if (misses.count === 0) break;
    onProgress({ filesToHash: misses.count, bytesToHash: misses.bytes });
    // Before the first file is opened: what changes from here on must not be trusted.
    await saving?.();
    const boundary = await cache?.boundary();
    const isLast = round === ROUNDS;
    const results = new Results(total, isLast, cache, boundary);
    await options.engine.prepare(misses);
    await hashEach(batchesOf(misses, options.engine.most), options, (batch, reply) => {
      const { files, bytes } = total;
      results.take(batch, reply);
      onProgress({ hashedFiles: total.files - files, hashedBytes: total.bytes - bytes });
    });
    const { moved } = results;
    if (isLast) {
      // Without an object id, the others become problems of the snapshot.
      for (const miss of moved) {
        if (tree.isMissing(pathOf(miss.directory, miss.entry))) forget(miss);
      }
    } else {
      for (const { directory } of moved) tree.relist(directory.node);
      await tree.list();
    }
  }
  return total;
}

type Misses = Batch<DirectoryResult>;

/** Hashes batches, as many at once as the engine takes, and hands on the reply to each. */
async function hashEach(
  batches: Iterator<Misses, void>,
  { engine, signal }: Pick<HashMissesOptions, 'engine' | 'signal'>,
  take: (batch: Misses, reply: Int32Array) => void,
): Promise<void> {
  // All lanes take turns at one iterator, so that each batch is hashed once.
  const start = () => {
    signal?.throwIfAborted();
    const { value: batch } = batches.next();
    return batch && { batch, reply: engine.hash(batch, signal) };
  };
  const lane = async () => {
    let call = start();
    try {
      while (call) {
        const { batch } = call;
        const reply = await call.reply;
        // The engine goes on while the reply is read.
        call = start();
        take(batch, reply);
        engine.release?.(reply);
      }
    } finally {
      await call?.reply.catch(() => undefined);
    }
  };
  // All lanes end before this does: nothing goes on behind the caller's back.
  const lanes = await Promise.allSettled(Array.from({ length: engine.capacity }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}

/** The files that have neither an object id nor a problem. */
interface FilesToRead extends FilesToHash {
  readonly directories: readonly DirectoryResult[];
  /** The bytes of all of them. */
  readonly bytes: number;
  readonly large: readonly {
    readonly directory: DirectoryResult;
    readonly entry: number;
    readonly size: number;
  }[];
}

/** Returns what has to be read in directories. */
export function findMisses(directories: readonly DirectoryResult[]): FilesToRead {
  const large: FilesToRead['large'][number][] = [];
  let count = 0;
  let bytes = 0;
  for (const directory of directories) {
    const isWanted = wantedIn(directory);
    for (let entry = 0; entry < directory.listing.length; entry++) {
      if (!isWanted(entry)) continue;
      const size = directory.size(entry);
      if (size >= LARGE_FILE) large.push({ directory, entry, size });
      count++;
      bytes += size;
    }
  }
  return { directories, count, bytes, large };
}

/** Returns a function that tells whether an entry is a file that has neither an object id nor a problem. */
function wantedIn(directory: DirectoryResult): (entry: number) => boolean {
  const { problems } = directory;
  if (problems.length === 0) return (entry) => directory.isUnread(entry);
  const failed = new PathSet(problems.map(({ path }) => path));
  return (entry) => directory.isUnread(entry) && !failed.has(pathOf(directory, entry));
}

/** Yields the batches in which files are hashed: large files first, the largest before all, then the rest as listed. */
export function* batchesOf(
  { directories, large }: FilesToRead,
  most: HashEngine['most'],
): Generator<Misses, void> {
  for (const { directory, entry, size } of [...large].sort((a, b) => b.size - a.size)) {
    const batch = new Batch<DirectoryResult>();
    batch.add(directory, entry, size);
    yield batch;
  }
  let batch = new Batch<DirectoryResult>();
  for (const directory of directories) {
    const isWanted = wantedIn(directory);
    for (let entry = 0; entry < directory.listing.length; entry++) {
      if (!isWanted(entry)) continue;
      const size = directory.size(entry);
      if (size >= LARGE_FILE) continue;
      if (batch.length === most.files || batch.bytes >= most.bytes) {
        yield batch;
        batch = new Batch();
      }
      batch.add(directory, entry, size);
    }
  }
  if (batch.length > 0) yield batch;
}

/** A file whose path led elsewhere when it was to be read. */
interface Moved {
  readonly directory: DirectoryResult;
  readonly entry: number;
}

/** Longer than a guessed boundary lies behind the clock. */
const AHEAD_SECONDS = 5;

/** Takes what came of the files of one round: keeps and records their object ids, and counts them. */
class Results {
  /** The files whose directories have to be listed again. */
  readonly moved: Moved[] = [];
  readonly #total: Hashed;
  readonly #isLast: boolean;
  readonly #record: Recorder | undefined;
  /** What the clock of the boundary showed, and this process's own clock then, in seconds. */
  readonly #boundary: number;
  readonly #taken = performance.now() / 1000;

  /** @param boundary - taken from `cache` just now. */
  constructor(total: Hashed, isLast: boolean, cache: StatCache | undefined, boundary: bigint | undefined) {
    this.#total = total;
    this.#isLast = isLast;
    this.#record = boundary === undefined ? undefined : cache?.recorder(boundary);
    this.#boundary = boundary === undefined ? Infinity : Number(boundary) / 1e9;
  }

  take({ directories }: Misses, reply: Int32Array): void {
    const rows = new HashReplyReader(reply);
    const ahead = this.#boundary + AHEAD_SECONDS + performance.now() / 1000 - this.#taken;
    let file = 0;
    for (const { directory, entries } of directories) {
      for (const entry of entries) {
        rows.moveTo(file++);
        const { verdict } = rows;
        if (verdict === 'hashed') {
          if (rows.ctimeSeconds > ahead) this.#total.ahead++;
          this.#takeRead(directory, entry, rows);
        } else {
          this.#takeOther(directory, entry, rows);
        }
      }
    }
  }

  #takeRead(directory: DirectoryResult, entry: number, row: HashReplyReader): void {
    const total = this.#total;
    const { bytes } = row;
    total.files++;
    total.bytes += bytes;
    directory.setDigest(entry, row.words, row.digest);
    directory.setBytesRead(entry, bytes);
    // A change of a file whose size lies, as in procfs, could go unseen.
    if (!row.isSizeTrue) total.uncached++;
    else this.#record?.(pathOf(directory, entry), row);
  }

  #takeOther(directory: DirectoryResult, entry: number, { verdict, errno }: HashReplyReader): void {
    const { problems } = directory;
    if (verdict === 'moved') this.moved.push({ directory, entry });
    else if (verdict !== 'changed') problems.push(systemProblem(pathOf(directory, entry), verdict, errno));
    else if (this.#isLast) problems.push(tornFile(pathOf(directory, entry), 'changed'));
  }
}

/** Returns the tree path of a miss. */
function pathOf(directory: DirectoryResult, entry: number): string {
  return directory.node.prefix + directory.nameOf(entry);
}

/** Removes a file that is gone from the listing that still has it. */
function forget({ directory, entry }: Moved): void {
  const { node } = directory;
  node.excludedFiles = [...node.excludedFiles, directory.nameOf(entry)];
  directory.removeMiss(entry);
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
