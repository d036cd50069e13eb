import { availableParallelism } from 'node:os';

/** A V8 heap each: some hundred thousand of them end the process without a word that could be caught. */
const MOST_THREADS = 64;

/** Returns how many threads to use where a caller asks for so many, by default for one per processor. */
export function threadCount(threads = availableParallelism()): number {
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(`Cannot use ${threads} threads: it must be a whole number from 1`);
  }
  return Math.min(threads, Math.max(MOST_THREADS, availableParallelism()));
}
