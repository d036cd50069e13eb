import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';

/**
 * The amount of each work beyond which worker threads are worth their start. A thread takes some 45 ms to start, and on
 * two processors takes them from the thread that waits for it. Figures: docs/decisions/005 and 007.
 */
const WORTH_THREADS = {
  /** Entries listed on this thread so far: some 5 ms of work. */
  listedEntries: 1000,
  /** Files that the stat cache knows before anything is listed. */
  knownFiles: 4000,
  /** Bytes of a stat cache that is yet to be loaded: some 4,000 files. */
  cacheBytes: 1024 * 1024,
  /** Files to hash. */
  filesToHash: 256,
} as const;
/** Milliseconds that a turn of the event loop takes when it is not the processor that it waits for, but a disk. */
export const SLOW_TURN_MS = 20;
/** Tasks a thread has at once: one in work and one waiting, so that it never waits for the main thread. */
const DEPTH = 2;
/** A task makes little, and it is soon garbage: by default a thread grows to three times as much memory, and is no faster. */
const YOUNG_MB = 4;
/** Milliseconds after which a thread that has said nothing is taken for one that runs another script. */
const START_MS = 30_000;
/** A V8 heap each: some hundred thousand of them end the process without a word that could be caught. */
const MOST_THREADS = 64;

/** Two milliseconds to load, and most processes need none. */
function workerThreads(): typeof import('node:worker_threads') {
  return process.getBuiltinModule('node:worker_threads');
}

/** Returns how many threads to use where a caller asks for so many, by default for one per processor. */
export function threadCount(threads = availableParallelism()): number {
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(`Cannot use ${threads} threads: it must be a whole number from 1`);
  }
  return Math.min(threads, Math.max(MOST_THREADS, availableParallelism()));
}

/** The `workerData` of a pool's threads. */
interface PoolData {
  /** Element 0 is not 0 while tasks are to end early. */
  readonly aborted: Int32Array;
}

/** The first message of a worker: it has loaded, and answers what it is sent. */
const READY = '@muse/walker: ready';

/** The message with which a worker answers a task. */
type PoolReply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

interface Task {
  readonly message: unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** True once it has loaded. */
  online: boolean;
  /** Gives a thread up that says nothing. */
  readonly deadline: NodeJS.Timeout;
  /** Tasks sent and not answered, the oldest first: a worker answers in order. */
  readonly sent: Task[];
}

/** A task was not begun, because this process cannot start threads of this script: do it here. */
export class ThreadsUnavailableError extends Error {
  override readonly name = 'ThreadsUnavailableError';
}

/**
 * Worker threads that answer one message each in the order they were sent. They start on demand, all of them unless some
 * were started before, keep the process alive only while they work, and end with {@link ThreadPool.close}.
 */
export class ThreadPool {
  readonly #script: () => URL;
  readonly #size: number;
  readonly #onUnavailable: ((error: ThreadsUnavailableError) => void) | undefined;
  readonly #data: PoolData = { aborted: new Int32Array(new SharedArrayBuffer(4)) };
  readonly #threads: Thread[] = [];
  readonly #queue: Task[] = [];
  #failure: Error | undefined;
  #unavailable: ThreadsUnavailableError | undefined;

  /**
   * `script` must call `servePool`; at most `size` threads run it. Where they cannot be started, `onUnavailable` is called
   * once.
   */
  constructor(script: () => URL, size: number, onUnavailable?: (error: ThreadsUnavailableError) => void) {
    this.#script = script;
    this.#size = size;
    this.#onUnavailable = onUnavailable;
  }

  /** Threads that there can be. */
  get size(): number {
    return this.#size;
  }

  /** The number of tasks that keep every thread busy: of those that were started, where any was. */
  get capacity(): number {
    return (this.#threads.length || this.#size) * DEPTH;
  }

  /** True once threads were started. */
  get started(): boolean {
    return this.#threads.length > 0;
  }

  /** True where threads cannot be started, so that every task rejects with {@link ThreadsUnavailableError}. */
  get unavailable(): boolean {
    return this.#unavailable !== undefined;
  }

  /** True while any thread runs: they take some 45 ms to start. */
  get online(): boolean {
    return this.#threads.some(({ online }) => online);
  }

  /** True once a thread has ended by itself: every further task fails. */
  get broken(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Starts threads where there is so much of a work that they are worth it: all of them for work that this thread only waits
   * for, else as many as leave a processor to this thread.
   */
  startFor(work: keyof typeof WORTH_THREADS, amount: number): void {
    if (amount <= WORTH_THREADS[work]) return;
    this.start(work === 'filesToHash' ? this.#size : Math.max(1, this.#size - 1));
  }

  /** Starts threads until there are so many, at most all: by default all. */
  start(count = this.#size): void {
    try {
      while (!this.#unavailable && this.#threads.length < Math.min(count, this.#size))
        this.#threads.push(this.#spawn());
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Sends a task to the thread with the least to do and returns its answer. */
  run<Reply>(message: unknown): Promise<Reply> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (!this.started) this.start();
    if (this.#unavailable) return Promise.reject(this.#unavailable);
    return new Promise<Reply>((resolve, reject) => {
      this.#queue.push({ message, resolve, reject });
      this.#dispatch();
    });
  }

  /** Makes running tasks end early, or stops doing so. */
  setAborted(aborted: boolean): void {
    Atomics.store(this.#data.aborted, 0, aborted ? 1 : 0);
  }

  /** Ends all threads; tasks under way reject. */
  async close(): Promise<void> {
    this.#fail(new Error('Cannot finish the task: its thread pool was closed'));
    await this.#endThreads();
  }

  async #endThreads(): Promise<void> {
    const threads = this.#threads.splice(0);
    for (const { deadline } of threads) clearTimeout(deadline);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #spawn(): Thread {
    const { Worker } = workerThreads();
    // The process's own flags are not for the script: `--input-type` ends a worker that is a file.
    const worker = new Worker(this.#script(), {
      workerData: this.#data,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const deadline = setTimeout(() => {
      this.#giveUp(new Error(`a thread did not answer within ${START_MS / 1000} s`));
    }, START_MS).unref();
    const thread: Thread = { worker, online: false, deadline, sent: [] };
    worker.on('message', (reply: PoolReply | typeof READY) => {
      if (!thread.online) {
        clearTimeout(deadline);
        if (reply !== READY) {
          this.#giveUp(new Error('the file of the thread is another script'));
          return;
        }
        thread.online = true;
        this.#dispatch();
        return;
      }
      if (reply === READY) return;
      const task = thread.sent.shift();
      this.#dispatch();
      if (thread.sent.length === 0) worker.unref();
      if (reply.ok) task?.resolve(reply.value as never);
      else task?.reject(reply.error);
    });
    const ended = (error: Error) => {
      if (thread.online) this.#fail(error);
      else this.#giveUp(error);
    };
    worker.on('error', (error) => {
      ended(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', (code) => {
      ended(new Error(`Cannot finish the task: a worker thread ended with code ${code}`));
    });
    // At the end: to listen for messages keeps the process alive again.
    worker.unref();
    return thread;
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#leastBusy();
      if (thread.sent.length >= DEPTH) return;
      const task = this.#queue.shift();
      if (!task) return;
      if (thread.sent.length === 0) thread.worker.ref();
      thread.sent.push(task);
      thread.worker.postMessage(task.message);
    }
  }

  /** One that runs, as long as there is any. */
  #leastBusy(): Thread {
    const running = this.#threads.filter(({ online }) => online);
    return (running.length > 0 ? running : this.#threads).reduce((least, thread) =>
      thread.sent.length < least.sent.length ? thread : least,
    );
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#rejectAll(this.#failure);
  }

  /** A thread that ends before it has loaded says that none can be had, not that a task has failed. */
  #giveUp(cause: unknown): void {
    if (this.#failure || this.#unavailable) return;
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    this.#unavailable = new ThreadsUnavailableError(`Cannot start worker threads: ${reason}`, { cause });
    this.#rejectAll(this.#unavailable);
    void this.#endThreads();
    this.#onUnavailable?.(this.#unavailable);
  }

  #rejectAll(error: Error): void {
    const tasks = [...this.#queue.splice(0), ...this.#threads.flatMap((thread) => thread.sent.splice(0))];
    for (const task of tasks) task.reject(error);
  }
}

/** The value that a handler answers with, and the buffers in it that are handed over instead of copied. */
interface Answer {
  readonly value: unknown;
  readonly transfer?: readonly ArrayBufferLike[];
}

/**
 * Answers each message to this worker thread with what `handle` makes of it; for the script of a {@link ThreadPool}. The
 * signal throws once the pool's tasks are to end early.
 */
export function servePool(
  handle: (message: never, signal: Pick<AbortSignal, 'throwIfAborted'>) => Answer,
): void {
  const threads = workerThreads();
  const port = threads.parentPort;
  if (!port) throw new Error('Cannot serve a thread pool: this is not a worker thread');
  const { aborted } = threads.workerData as PoolData;
  const signal = {
    throwIfAborted() {
      if (Atomics.load(aborted, 0) !== 0) throw new Error('Aborted');
    },
  };
  const send = (reply: PoolReply, transfer: readonly ArrayBufferLike[] = []) => {
    // Only a SharedArrayBuffer is no Transferable, and it would be shared, not handed over.
    port.postMessage(reply, [...transfer] as ArrayBuffer[]);
  };
  port.postMessage(READY);
  port.on('message', (message: unknown) => {
    try {
      const { value, transfer } = handle(message as never, signal);
      send({ ok: true, value }, transfer);
    } catch (error) {
      send({ ok: false, error });
    }
  });
}
