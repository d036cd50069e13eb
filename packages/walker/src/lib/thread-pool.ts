import { Worker } from 'node:worker_threads';

/** What a pool's worker script is started with, as its `workerData`. */
export interface PoolData {
  /** Element 0 is not 0 while tasks are to end early. */
  readonly aborted: Int32Array;
}

/** What a worker answers to a task. */
export type PoolReply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

interface Task {
  readonly message: unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Tasks sent and not answered, the oldest first: a worker answers in order. */
  readonly sent: Task[];
}

/** Tasks a thread has at once: one in work and one waiting, so that it never waits for the main thread. */
const DEPTH = 2;

/**
 * Worker threads that answer one message each in the order they were sent. They start on demand, keep the process alive
 * only while they work, and end with {@link ThreadPool.close}.
 */
export class ThreadPool {
  readonly #script: URL;
  readonly #size: number;
  readonly #data: PoolData = { aborted: new Int32Array(new SharedArrayBuffer(4)) };
  readonly #threads: Thread[] = [];
  readonly #queue: Task[] = [];
  #online = 0;
  #failure: Error | undefined;

  /** `script` must call `servePool`; at most `size` threads run it. */
  constructor(script: URL, size: number) {
    this.#script = script;
    this.#size = size;
  }

  /** The number of tasks that keep every thread busy. */
  get capacity(): number {
    return this.#size * DEPTH;
  }

  /** Whether the threads were started. */
  get started(): boolean {
    return this.#threads.length > 0;
  }

  /** Whether all threads run by now: they take some 45 ms to start. */
  get online(): boolean {
    return this.started && this.#online === this.#threads.length;
  }

  /** Whether a thread ended by itself, so that every further task fails. */
  get broken(): boolean {
    return this.#failure !== undefined;
  }

  /** Starts all threads, if they were not. */
  start(): void {
    while (this.#threads.length < this.#size) this.#threads.push(this.#spawn());
  }

  /** Sends a task to the thread with the least to do and returns its answer. */
  run<Reply>(message: unknown): Promise<Reply> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.start();
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
    const threads = this.#threads.splice(0);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #spawn(): Thread {
    // The process's own flags are not for the script: `--input-type` ends a worker that is a file.
    const worker = new Worker(this.#script, { workerData: this.#data, execArgv: [] });
    const thread: Thread = { worker, sent: [] };
    worker.once('online', () => this.#online++);
    worker.on('message', (reply: PoolReply) => {
      const task = thread.sent.shift();
      this.#dispatch();
      if (thread.sent.length === 0) worker.unref();
      if (reply.ok) task?.resolve(reply.value as never);
      else task?.reject(reply.error);
    });
    worker.on('error', (error) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', (code) => {
      this.#fail(new Error(`Cannot finish the task: a worker thread ended with code ${code}`));
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

  #leastBusy(): Thread {
    return this.#threads.reduce((least, thread) => (thread.sent.length < least.sent.length ? thread : least));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const tasks = [...this.#queue.splice(0), ...this.#threads.flatMap((thread) => thread.sent.splice(0))];
    for (const task of tasks) task.reject(this.#failure);
  }
}
