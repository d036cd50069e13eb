import { quietAt } from './trust.js';
import type { FileStat } from './types.js';

/** A racy file that a save may wait for. */
export interface Unsettled {
  readonly path: string;
  readonly stat: Pick<FileStat, 'ctimeNs' | 'size'>;
}

/** The longest that a save waits for racy files to become quiet, in nanoseconds: 100 ms. */
const PATIENCE_NS = 100_000_000n;
/** The most that a save reads again, in bytes: 256 MiB. */
const MAX_BYTES = 256n * 1024n * 1024n;

/** What a save can settle, and how long it has to wait for that. */
export interface SettlePlan {
  readonly paths: readonly string[];
  /** Milliseconds until all of them are quiet, rounded up. */
  readonly waitMs: number;
}

/** Returns which racy files become quiet soon enough after `now`, the smallest first while they are few bytes in all. */
export function planSettling(files: Iterable<Unsettled>, now: bigint): SettlePlan {
  const soon = [...files].filter(({ stat }) => quietAt(stat) < now + PATIENCE_NS);
  soon.sort((a, b) => (a.stat.size < b.stat.size ? -1 : a.stat.size > b.stat.size ? 1 : 0));
  const paths: string[] = [];
  let bytes = 0n;
  let last = now;
  for (const { path, stat } of soon) {
    bytes += stat.size;
    if (bytes > MAX_BYTES) break;
    paths.push(path);
    const quiet = quietAt(stat);
    if (quiet > last) last = quiet;
  }
  return { paths, waitMs: Number((last - now) / 1_000_000n) + 1 };
}
