import type { FileStat, ProbeStamp } from './types.js';

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

  /** Returns the stamp that the clock of this boundary must have passed for a file with this stat to be trusted. */
  quietAt(stat: Pick<FileStat, 'ctimeNs' | 'size' | 'dev'>, boundary: bigint): bigint {
    const issued = this.#issued.get(boundary);
    const foreign = issued?.dev !== undefined && issued.dev !== stat.dev;
    const lag = foreign && issued.localNs < boundary ? boundary - issued.localNs : 0n;
    return quietAt(stat) + lag;
  }
}
