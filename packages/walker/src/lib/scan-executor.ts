import { setImmediate as nextTurn } from 'node:timers/promises';
import { scanBatch, type Annotate, type ScanReply, type ScanTask } from './scan-batch.js';
import { systemCalls, type ScanCalls } from './scan-calls.js';
import type { ThreadPool } from './thread-pool.js';

/** Entries after which a tree counts as large, and threads are started: some 5 ms of work, where a start takes 45. */
const SMALL_TREE = 1000;
/** Names that one directory may have to be listed on the main thread, so that no turn of its event loop takes long. */
const SMALL_DIRECTORY = 500;
const DIRECTORIES_A_TURN = 4;

/** What is said of each entry: by this thread with `annotate`, by the script of the pool from `data`. */
export interface Annotation {
  readonly annotate: Annotate;
  /** Sent along with each task; shared memory, or small. */
  readonly data: unknown;
}

/** Lists directories on this thread while the tree is small or the threads are starting, and on the threads from then on. */
export class ScanExecutor {
  readonly #pool: ThreadPool | undefined;
  readonly #calls: ScanCalls;
  readonly #annotation: Annotation | undefined;
  #entries = 0;

  /** Without a pool everything is listed on this thread. */
  constructor(pool: ThreadPool | undefined, calls: ScanCalls = systemCalls, annotation?: Annotation) {
    this.#pool = pool;
    this.#calls = calls;
    this.#annotation = annotation;
  }

  /** The number of tasks to have under way at once. */
  get capacity(): number {
    return this.#pool?.online ? this.#pool.capacity : 1;
  }

  /** The number of directories that the next task should have at most, where this many wait. */
  batchSize(waiting: number): number {
    if (!this.#pool?.online) return DIRECTORIES_A_TURN;
    return Math.min(32, Math.ceil(waiting / (2 * this.#pool.capacity)));
  }

  /** Lists the directories of a task. */
  async scan(task: ScanTask, signal: AbortSignal | undefined): Promise<ScanReply> {
    const pool = this.#pool;
    const message = { ...task, data: this.#annotation?.data };
    if (pool?.online) return pool.run<ScanReply>(message);
    const reply = scanBatch(this.#calls, task, {
      signal,
      annotate: this.#annotation?.annotate,
      ...(pool && { maxNames: SMALL_DIRECTORY }),
    });
    this.#entries += reply.kinds.length;
    if (pool && reply.remarks.some(({ outcome }) => outcome === 'declined'))
      return pool.run<ScanReply>(message);
    if (this.#entries > SMALL_TREE) pool?.start();
    await nextTurn();
    return reply;
  }
}
