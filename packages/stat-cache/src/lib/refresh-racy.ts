import { setTimeout } from 'node:timers/promises';
import { asyncCalls, hashBelow, type FileCalls } from './hash-file.js';
import { changedField, type Pending } from './pending.js';
import type { BoundaryClock } from './trust.js';
import type { FileCacheEntry, FileStat, ObjectId } from './types.js';

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

/** A racy file that a save may wait for. */
export interface RacyFile {
  /** Size in bytes. */
  readonly size: bigint;
  /** The stamp after which it is quiet. */
  readonly quietAt: bigint;
}

/** The longest that a save waits for racy files to become quiet, in nanoseconds: 100 ms. */
const PATIENCE_NS = 100_000_000n;
/** The most that a save reads again, in bytes: 256 MiB. */
const MAX_BYTES = 256n * 1024n * 1024n;

/** What a save can refresh, and until when it has to wait for that. */
export interface RefreshPlan<T extends RacyFile> {
  readonly files: readonly T[];
  /** The stamp after which all of them are quiet. */
  readonly quietAt: bigint;
}

/** Returns which racy files become quiet soon enough after `now`, the smallest first while they are few bytes in all. */
export function planRefresh<T extends RacyFile>(racy: Iterable<T>, now: bigint): RefreshPlan<T> {
  const soon = [...racy].filter(({ quietAt }) => quietAt < now + PATIENCE_NS);
  soon.sort((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : 0));
  const files: T[] = [];
  let bytes = 0n;
  let last = 0n;
  for (const file of soon) {
    bytes += file.size;
    if (bytes > MAX_BYTES) break;
    files.push(file);
    if (file.quietAt > last) last = file.quietAt;
  }
  return { files, quietAt: last };
}

/** Clocks of file systems tick every 1 to 10 ms: a stamp is that much behind the time at most. */
const TICK_MS = 2;
const MAX_TICKS = 10;

/**
 * Waits until a clock that showed `now` has passed a stamp, and returns what it shows then. Gives a clock up that stands
 * still for longer than clocks do, and returns what it shows.
 */
export async function waitPast(
  stamp: bigint,
  now: bigint,
  clock: { readonly now: () => Promise<bigint>; readonly sleep: (milliseconds: number) => Promise<unknown> },
): Promise<bigint> {
  let shown = now;
  for (let ticks = 0; shown <= stamp && ticks <= MAX_TICKS; ticks++) {
    await clock.sleep(ticks === 0 ? Number((stamp - shown) / 1_000_000n) + 1 : TICK_MS);
    shown = await clock.now();
  }
  return shown;
}

/** What {@link refreshRacy} needs of a cache. */
export interface Refresh {
  readonly root: string;
  readonly pending: Pending;
  readonly clock: BoundaryClock;
  readonly system: CacheSystem;
  readonly record: (path: string, stat: FileStat, objectId: ObjectId, boundary: bigint) => void;
}

/** Waits for the racy files that become quiet soon, takes a new boundary, and hashes and records them again. */
export async function refreshRacy({ root, pending, clock, system, record }: Refresh): Promise<void> {
  const now = await clock.now();
  const racy = Array.from(pending.racyEntries(), ([path, { entry, dev }]) => {
    return { path, entry, dev, size: entry.size, quietAt: clock.quietAt({ ...entry, dev }, now) };
  });
  const { files, quietAt } = planRefresh(racy, now);
  if (files.length === 0) return;
  const boundary = await waitPast(quietAt, now, {
    now: () => clock.now(),
    sleep: (milliseconds) => system.sleep(milliseconds),
  });
  for (const { path, entry, dev } of files) {
    try {
      // Only the file that was recorded: by now the path may lead elsewhere, even out of the root.
      const listed = { dev, ino: entry.ino };
      const { objectId, stat, bytes } = await hashBelow(system.files, root, path, { listed });
      // What was recorded or removed while this waited is newer.
      const isCurrent = pending.isRacy(path) && isSameRacy(pending.get(path), entry);
      if (isCurrent && BigInt(bytes) === stat.size) record(path, stat, objectId, boundary);
    } catch {
      // Gone, replaced or torn by now: it stays racy, and the next snapshot says what became of it.
    }
  }
}

function isSameRacy(now: FileCacheEntry | undefined, entry: FileCacheEntry): boolean {
  return now?.objectId === entry.objectId && changedField(now, entry) === undefined;
}
