/** A racy file that a save may wait for. */
export interface Unsettled {
  /** Size in bytes. */
  readonly size: bigint;
  /** The stamp after which it is quiet. */
  readonly quietAt: bigint;
}

/** The longest that a save waits for racy files to become quiet, in nanoseconds: 100 ms. */
const PATIENCE_NS = 100_000_000n;
/** The most that a save reads again, in bytes: 256 MiB. */
const MAX_BYTES = 256n * 1024n * 1024n;

/** What a save can settle, and until when it has to wait for that. */
export interface SettlePlan<T extends Unsettled> {
  readonly files: readonly T[];
  /** The stamp after which all of them are quiet. */
  readonly quietAt: bigint;
}

/** Returns which racy files become quiet soon enough after `now`, the smallest first while they are few bytes in all. */
export function planSettling<T extends Unsettled>(racy: Iterable<T>, now: bigint): SettlePlan<T> {
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
