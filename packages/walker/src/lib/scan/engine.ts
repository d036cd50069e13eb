import { setImmediate as nextTurn } from 'node:timers/promises';
import { SLOW_TURN_MS, ThreadsUnavailableError, type ThreadPool } from '../pool/thread-pool.js';
import { quickCalls, systemCalls, type ScanCalls } from './calls.js';
import type { DirectoryToScan } from './directory.js';
import { listingsIn, ReplyWriter } from './reply.js';
import { scanDirectory, type ScanDirectoryOptions } from './scan-directory.js';

/** Lists directories, whatever it is written in. All that is above it reads its replies, and does not know which it is. */
export interface ScanEngine {
  /** The number of batches to have under way at once. */
  readonly capacity: number;
  /** Returns how many directories the next batch should have at most, where this many wait. */
  batchSize(waiting: number): number;
  /**
   * Returns the reply for a batch: a record for each directory, in their order. A directory may be `too-large` for this
   * thread; it is then given again, alone and as `large`. Rejects with the reason of `signal`, or when the engine fails.
   */
  scan(
    directories: readonly DirectoryToScan[],
    options: { readonly signal?: AbortSignal | undefined; readonly large?: boolean | undefined },
  ): Promise<Uint8Array>;
}

/** A batch as a message to a worker thread. */
export interface ScanTask {
  readonly kind: 'scan';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  readonly directories: readonly DirectoryToScan[];
  /** What the worker's own script joins with: small, or shared memory. */
  readonly data: unknown;
}

/** Lists the directories of a batch one after the other and returns the reply. Throws what `signal` throws between two. */
export function scanBatch(
  calls: ScanCalls,
  { root, directories }: Pick<ScanTask, 'root' | 'directories'>,
  options: ScanDirectoryOptions & { readonly signal?: { throwIfAborted(): void } | undefined } = {},
): Uint8Array<ArrayBuffer> {
  const reply = new ReplyWriter();
  for (const directory of directories) {
    options.signal?.throwIfAborted();
    scanDirectory(calls, root, directory, reply, options);
  }
  return reply.take();
}

/** Names that one directory may have to be listed on this thread, so that no turn of its event loop takes long. */
const MAX_NAMES_HERE = 500;
const DIRECTORIES_A_TURN = 8;
/** Directories of one batch for a worker: some 2 ms of work. */
const DIRECTORIES_A_BATCH = 32;
/** Entries after which this thread's quick calls are worth the 6 ms that they take to load. */
const ENTRIES_WORTH_QUICK_CALLS = 4000;

/** What a {@link TypeScriptScanEngine} is made with. */
export interface TypeScriptScanOptions extends Pick<ScanDirectoryOptions, 'join'> {
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** Without a pool everything is listed on this thread. */
  readonly pool?: ThreadPool | undefined;
  /** The calls of this thread. Default: the quickest. */
  readonly calls?: ScanCalls | undefined;
  /** What the script of the pool joins with, where this thread has `join`. */
  readonly data?: unknown;
}

/**
 * Lists on this thread while the tree is small or the workers are starting, and from then on on all of them, this thread
 * included, turn by turn of its event loop. Where a disk makes this thread wait, it leaves the work to the others.
 */
export class TypeScriptScanEngine implements ScanEngine {
  readonly #options: TypeScriptScanOptions;
  readonly #pool: ThreadPool | undefined;
  #entries = 0;
  #inPool = 0;
  #isSlow = false;

  constructor(options: TypeScriptScanOptions) {
    this.#options = options;
    this.#pool = options.pool;
    if (options.pool?.started === true) this.#entries = ENTRIES_WORTH_QUICK_CALLS;
  }

  get capacity(): number {
    if (!this.#pool?.online) return 1;
    return this.#pool.capacity + (this.#isSlow ? 0 : 1);
  }

  batchSize(waiting: number): number {
    if (!this.#pool?.online) return DIRECTORIES_A_TURN;
    const share = Math.ceil(waiting / (2 * this.capacity));
    return Math.min(this.#hasRoom ? DIRECTORIES_A_BATCH : DIRECTORIES_A_TURN, share);
  }

  async scan(
    directories: readonly DirectoryToScan[],
    { signal, large = false }: Parameters<ScanEngine['scan']>[1],
  ): Promise<Uint8Array> {
    const { root, data } = this.#options;
    const pool = this.#usablePool;
    if (pool && (large || this.#hasRoom)) {
      const plain = directories.map(({ path, dev, ino, slice, base }) => ({ path, dev, ino, slice, base }));
      try {
        return await this.#inWorker(pool, { kind: 'scan', root, directories: plain, data });
      } catch (error) {
        if (!(error instanceof ThreadsUnavailableError)) throw error;
      }
    }
    const reply = this.#here(directories, signal);
    await nextTurn();
    return reply;
  }

  #here(directories: readonly DirectoryToScan[], signal: AbortSignal | undefined): Uint8Array {
    const { root, join, calls } = this.#options;
    const pool = this.#usablePool;
    const own = calls ?? (this.#entries >= ENTRIES_WORTH_QUICK_CALLS ? quickCalls() : systemCalls);
    const started = performance.now();
    const reply = scanBatch(
      own,
      { root, directories },
      { signal, join, ...(pool && { maxNames: MAX_NAMES_HERE }) },
    );
    this.#entries += entriesIn(reply);
    if (pool && performance.now() - started > SLOW_TURN_MS) {
      this.#isSlow = true;
      pool.start();
    } else {
      pool?.startFor('listedEntries', this.#entries);
    }
    return reply;
  }

  get #usablePool(): ThreadPool | undefined {
    return this.#pool?.unavailable ? undefined : this.#pool;
  }

  get #hasRoom(): boolean {
    const pool = this.#pool;
    return pool?.online === true && (this.#isSlow || this.#inPool < pool.capacity);
  }

  async #inWorker(pool: ThreadPool, task: ScanTask): Promise<Uint8Array> {
    this.#inPool++;
    try {
      return await pool.run<Uint8Array>(task);
    } finally {
      this.#inPool--;
    }
  }
}

function entriesIn(reply: Uint8Array): number {
  let entries = 0;
  for (const { length } of listingsIn(reply)) entries += length;
  return entries;
}
