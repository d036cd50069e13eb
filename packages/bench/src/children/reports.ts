import type { CpuSeconds, EventLoopDelay, Phases } from '../results.js';

/** The report of a library on one call. */
export interface Called {
  /** Files that it dealt with. */
  readonly files: number;
  /** Files that it read, where it tells. */
  readonly hashedFiles?: number | undefined;
  readonly phases?: Phases | undefined;
  /** Why the answer or the cache is not whole. */
  readonly trouble?: string | undefined;
}

/** The report of a child process that called a library. */
export interface CallReport {
  /** Around the call alone: the library was loaded before. */
  readonly milliseconds: number;
  readonly cpuSeconds: CpuSeconds;
  readonly peakBytes: number | undefined;
  readonly called: Called;
  readonly eventLoopDelay?: EventLoopDelay | undefined;
}
