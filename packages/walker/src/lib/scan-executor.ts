import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  scanBatch,
  unpackReply,
  type Annotate,
  type ScanMessage,
  type ScanReply,
  type ScanTask,
} from './scan-batch.js';
import { quickCalls, systemCalls, type ScanCalls } from './scan-calls.js';
import { ThreadsUnavailableError, type ThreadPool } from './thread-pool.js';

/** Entries after which a tree counts as large, and threads are started: some 5 ms of work, where a start takes 45. */
const SMALL_TREE = 1000;
/** Entries after which this thread's quick calls are worth the 6 ms that they take to load. */
const LARGE_TREE = 4000;
/** Names that one directory may have to be listed on the main thread, so that no turn of its event loop takes long. */
const SMALL_DIRECTORY = 500;
const DIRECTORIES_A_TURN = 8;
/** Directories of one task for a thread: some 2 ms of work. */
const DIRECTORIES_A_TASK = 32;
/** Milliseconds. A turn takes less than one while the system answers from memory, and is the disk's to tell otherwise. */
const SLOW_TURN_MS = 20;

/** What is said of each entry: by this thread with `annotate`, by the script of the pool from `data`. */
export interface Annotation {
  readonly annotate: Annotate;
  /** Sent along with each task; shared memory, or small. */
  readonly data: unknown;
}

/**
 * Lists directories: on this thread alone while the tree is small or the threads are starting, and from then on on all of
 * them, this one included, turn by turn of its event loop. Where the system makes it wait, it leaves the work to the
 * others.
 */
export class ScanExecutor {
  readonly #pool: ThreadPool | undefined;
  readonly #given: ScanCalls | undefined;
  readonly #annotation: Annotation | undefined;
  #entries = 0;
  #inPool = 0;
  #isSlow = false;
  #isLarge: boolean;

  /** Without a pool everything is listed on this thread; without `calls` with what is quickest. */
  constructor(pool: ThreadPool | undefined, calls?: ScanCalls, annotation?: Annotation) {
    this.#pool = pool;
    this.#given = calls;
    this.#annotation = annotation;
    this.#isLarge = pool?.started === true;
  }

  /** The number of tasks to have under way at once. */
  get capacity(): number {
    if (!this.#pool?.online) return 1;
    return this.#pool.capacity + (this.#isSlow ? 0 : 1);
  }

  /** The number of directories that the next task should have at most, where this many wait. */
  batchSize(waiting: number): number {
    const share = Math.ceil(waiting / (2 * this.capacity));
    if (!this.#pool?.online) return DIRECTORIES_A_TURN;
    return Math.min(this.#hasRoom ? DIRECTORIES_A_TASK : DIRECTORIES_A_TURN, share);
  }

  /** Lists the directories of a task; declines large ones, which are to be given again as such. */
  async scan(
    task: ScanTask,
    { signal, isLarge = false }: { signal?: AbortSignal | undefined; isLarge?: boolean } = {},
  ): Promise<ScanReply> {
    const pool = this.#pool?.unavailable ? undefined : this.#pool;
    if (pool && (isLarge || this.#hasRoom)) {
      try {
        return await this.#runInPool(pool, { ...task, data: this.#annotation?.data });
      } catch (error) {
        if (error instanceof ThreadsUnavailableError) return this.scan(task, { signal });
        throw error;
      }
    }
    const calls = this.#calls;
    const started = performance.now();
    const reply = scanBatch(calls, task, {
      signal,
      annotate: this.#annotation?.annotate,
      ...(pool && { maxNames: SMALL_DIRECTORY }),
    });
    this.#entries += reply.kinds.length;
    this.#isLarge ||= this.#entries > LARGE_TREE;
    if (pool && performance.now() - started > SLOW_TURN_MS) {
      this.#isSlow = true;
      pool.start();
    } else if (pool && !pool.started && this.#entries > SMALL_TREE) {
      startBeside(pool);
    }
    await nextTurn();
    return reply;
  }

  get #calls(): ScanCalls {
    return this.#given ?? (this.#isLarge ? quickCalls() : systemCalls);
  }

  get #hasRoom(): boolean {
    const pool = this.#pool;
    return pool?.online === true && (this.#isSlow || this.#inPool < pool.capacity);
  }

  async #runInPool(pool: ThreadPool, message: unknown): Promise<ScanReply> {
    this.#inPool++;
    try {
      return unpackReply(await pool.run<ScanMessage>(message));
    } finally {
      this.#inPool--;
    }
  }
}

/** Starts as many threads as leave a processor to this one. */
export function startBeside(pool: ThreadPool): void {
  pool.start(Math.max(1, pool.size - 1));
}
