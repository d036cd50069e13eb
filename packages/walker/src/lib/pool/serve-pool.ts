import { parentPort, workerData } from 'node:worker_threads';
import type { PoolData, PoolReply } from './thread-pool.js';

/** The first message of a worker: it has loaded, and answers what it is sent. */
export const READY = '@muse/walker: ready';

/** Ends a task early: give its `throwIfAborted` to whatever runs long. */
export interface TaskSignal {
  throwIfAborted(): void;
}

/** What a handler answers, and the buffers in it that are handed over instead of copied. */
export interface Answer {
  readonly value: unknown;
  readonly transfer?: readonly ArrayBufferLike[];
}

/** Answers each message to this worker thread with what `handle` makes of it; for the script of a `ThreadPool`. */
export function servePool(handle: (message: never, signal: TaskSignal) => Answer): void {
  const port = parentPort;
  if (!port) throw new Error('Cannot serve a thread pool: this is not a worker thread');
  const { aborted } = workerData as PoolData;
  const signal: TaskSignal = {
    throwIfAborted: () => {
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
