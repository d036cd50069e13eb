import { setTimeout } from 'node:timers/promises';
import { asyncCalls, hashBelow, type FileCalls } from './hash-file.js';
import { HIGH, LOW, PACKED, type PackedRead } from './packed.js';
import { changedField, unpackStat, type Pending } from './pending.js';
import type { FileCacheEntry, FileStat, ObjectId, ProbeStamp } from './types.js';

/**
 * Trust: when may an entry be a hit?
 *
 * A stat proves that a file is unchanged only if every change after the hash must show in it. That fails in two ways.
 * The file system's clock has ticks: a write in the tick of the last one leaves the same `ctime`. And the kernel stamps
 * `ctime` when a write begins, while the bytes follow at the speed of memory, or of a disk behind a page fault: the
 * stamp may be in the past while old bytes are still being read.
 *
 * So an entry is trusted only if its `ctime`, plus a quiet time in which a write begun then has surely ended, lies
 * strictly before a boundary: a stamp that the same file system gave out before the fstat that opened the hash. A
 * boundary from after the hash proves nothing about a write that came between. An untrusted entry is called racy; it is
 * never a hit and never saved. `mtime` is compared but never trusted, because anyone can set it.
 *
 * The clock is the file system's own, read off a file made for it. Where that cannot be done, or the file is on another
 * device than that clock, the local clock less 3 s stands in.
 */

const SECOND = 1_000_000_000n;
const QUIET_FLOOR = 20_000_000n;
const QUIET_BYTES_A_SECOND = 16n * 1024n * 1024n;
const LOCAL_SLACK = 3n * SECOND;
/** A difference in seconds that says everything: with what doubles and whole seconds leave out, and the floor, it is less than 2. */
const CLEARLY_SECONDS = 3;
/** Times that are further apart, as doubles, may be off by more. */
const MOST_SECONDS = 2 ** 40;
/** Boundaries whose device is remembered; a caller uses one at once, for one batch. */
const REMEMBERED = 64;

/** Returns how long a write to a file of this many bytes may still be under way after its stamp, in nanoseconds. */
export function quietNs(size: bigint): bigint {
  return QUIET_FLOOR + (size * SECOND + QUIET_BYTES_A_SECOND - 1n) / QUIET_BYTES_A_SECOND;
}

/** Returns the stamp after which a boundary must lie for a file with this stat to be trusted. */
export function quietAt(stat: Pick<FileStat, 'ctimeNs' | 'size'>): bigint {
  return stat.ctimeNs + quietNs(stat.size);
}

/** A boundary that was given out. */
interface Issued {
  /** The device whose clock it was read from; `undefined` for the local clock. */
  readonly dev: bigint | undefined;
  /** The local clock less its slack, from before the boundary was read. */
  readonly localNs: bigint;
}

/** Gives out boundaries and remembers which device's clock each was read from. */
export class BoundaryClock {
  readonly #probe: () => Promise<ProbeStamp | undefined>;
  readonly #localNs: () => bigint;
  readonly #issued = new Map<bigint, Issued>();
  #device: bigint | undefined;

  /** A probe that rejects is one that gives nothing. `localNs` is the local clock, nanoseconds since the Unix epoch. */
  constructor(probe: () => Promise<ProbeStamp | undefined>, localNs: () => bigint) {
    this.#probe = probe;
    this.#localNs = localNs;
  }

  /** Takes a boundary: a moment, in nanoseconds since the Unix epoch, before everything that happens from now on. */
  async now(): Promise<bigint> {
    const localNs = this.#localNs() - LOCAL_SLACK;
    const stamp = await this.#probe().catch(() => undefined);
    const boundary = stamp?.ctimeNs ?? localNs;
    const before = this.#issued.get(boundary);
    this.#issued.delete(boundary);
    // The same stamp again: it still stands for the moment when it was given out first.
    this.#issued.set(boundary, before ?? { dev: stamp?.dev, localNs });
    this.#device = stamp?.dev ?? this.#device;
    for (const oldest of this.#issued.keys()) {
      if (this.#issued.size <= REMEMBERED) break;
      this.#issued.delete(oldest);
    }
    return boundary;
  }

  /** Returns whether a file hashed after this boundary was taken may be trusted from now on. */
  trusts(stat: FileStat, boundary: bigint): boolean {
    // Of a boundary that is forgotten, or came from elsewhere, only the clock of our own device can be meant.
    if (!this.#issued.has(boundary) && this.#device !== undefined && this.#device !== stat.dev) return false;
    return this.quietAt(stat, boundary) < boundary;
  }

  /** Returns a function that says of packed stats what {@link BoundaryClock.trusts} says of a stat. */
  judge(boundary: bigint): (read: PackedRead) => boolean {
    const dev = this.#issued.get(boundary)?.dev;
    if (dev === undefined) return ({ words, stat }) => this.trusts(unpackStat(words, stat), boundary);
    const low = Number(BigInt.asIntN(32, dev));
    const high = Number(BigInt.asIntN(32, dev >> 32n));
    const seconds = Number(boundary / SECOND);
    return ({ words, stat }) => {
      const isOnDevice = words[stat + PACKED.dev + LOW] === low && words[stat + PACKED.dev + HIGH] === high;
      const age = seconds - longAt(words, stat + PACKED.ctime);
      const quiet = longAt(words, stat + PACKED.size) / Number(QUIET_BYTES_A_SECOND);
      // Nearly all files are so old that bigints, which would take longer than all else here, could not say otherwise.
      if (isOnDevice && age < MOST_SECONDS && age > quiet + CLEARLY_SECONDS) return true;
      return this.trusts(unpackStat(words, stat), boundary);
    };
  }

  /** Returns the stamp that the clock of this boundary must have passed for a file with this stat to be trusted. */
  quietAt(stat: Pick<FileStat, 'ctimeNs' | 'size' | 'dev'>, boundary: bigint): bigint {
    const issued = this.#issued.get(boundary);
    const foreign = issued?.dev !== undefined && issued.dev !== stat.dev;
    const lag = foreign && issued.localNs < boundary ? boundary - issued.localNs : 0n;
    return quietAt(stat) + lag;
  }
}

/** Returns the number of 64 bits that begins at a word, as a double. */
function longAt(words: Int32Array, at: number): number {
  const [low, high] = [words[at + LOW], words[at + HIGH]];
  if (low === undefined || high === undefined) throw new RangeError(`Broken stat: no number at word ${at}`);
  return high * 2 ** 32 + (low >>> 0);
}

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

/** The files that a save can refresh, and the time until which it has to wait. */
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

/** The parts of a cache that {@link refreshRacy} needs. */
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
