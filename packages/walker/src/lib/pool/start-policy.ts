import type { ThreadPool } from './thread-pool.js';

/**
 * When worker threads are worth their start, in one place. A thread takes some 45 ms to start, and on two processors takes
 * them from the thread that waits for it. Figures: docs/decisions/005 and 007.
 */

/** Entries listed on this thread after which a tree is large enough for threads: some 5 ms of work. */
export const ENTRIES_WORTH_THREADS = 1000;
/** Files known before anything is listed (by the stat cache), from which on threads are started at once. */
export const KNOWN_FILES_WORTH_THREADS = 4000;
/** Bytes of a stat cache from which on threads are started before it is loaded: some 4,000 files. */
export const CACHE_BYTES_WORTH_THREADS = 1024 * 1024;
/** Files to hash from which on threads are started for that. */
export const MISSES_WORTH_THREADS = 256;
/** Milliseconds that a turn of the event loop takes when it is not the processor that it waits for, but a disk. */
export const SLOW_TURN_MS = 20;

/** Starts as many workers as leave a processor to this thread. */
export function startWorkersBesideMain(pool: ThreadPool): void {
  pool.start(Math.max(1, pool.size - 1));
}
