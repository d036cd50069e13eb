import type { CpuSeconds, EventLoopDelay, Phases } from '../results.js';

/** What one call of a library says of itself. */
export interface Called {
  /** Files that it dealt with. */
  readonly files: number;
  /** Files that it read, where it tells. */
  readonly hashedFiles?: number | undefined;
  readonly phases?: Phases | undefined;
  /** Why the answer or the cache is not whole. */
  readonly trouble?: string | undefined;
}

/** What a child that called a library hands back. */
export interface CallReport {
  /** Around the call alone: the library was loaded before. */
  readonly milliseconds: number;
  readonly cpuSeconds: CpuSeconds;
  readonly peakBytes: number | undefined;
  readonly called: Called;
  readonly eventLoopDelay?: EventLoopDelay | undefined;
}
