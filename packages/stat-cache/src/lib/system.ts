import { setTimeout } from 'node:timers/promises';
import { asyncCalls, type FileCalls } from './file-calls.js';

/** All that a cache asks of the system by itself; tests put their own in its place to choose what happens when. */
export interface CacheSystem {
  readonly files: FileCalls;
  /** Waits this many milliseconds at least. */
  sleep(milliseconds: number): Promise<unknown>;
  /** The local clock, nanoseconds since the Unix epoch. */
  nowNs(): bigint;
}

/** The system as it is. */
export const realSystem: CacheSystem = {
  files: asyncCalls,
  sleep: (milliseconds) => setTimeout(milliseconds),
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
};
