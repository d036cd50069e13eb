import { setTimeout } from 'node:timers/promises';
import type { StatCache } from '@muse/stat-cache';

/** The least time between two checkpoints, in milliseconds: 10 s. */
const INTERVAL_MS = 10_000;
/** How many times as long as the last checkpoint took nothing is saved: at most a twentieth of a run goes into saving. */
const PAUSE = 20;

/** How time passes; tests have their own. */
export interface Time {
  /** Waits this many milliseconds, and rejects once it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds, from anywhere. */
  readonly now: () => number;
}

/** Saves beside a long run. */
export interface Checkpoints {
  /** Resolves once the save under way is done; `undefined` where there is none. */
  readonly saving: () => Promise<unknown> | undefined;
  readonly stop: () => Promise<void>;
}

/**
 * Saves what a long run has hashed, again and again beside it, so that whoever interrupts the run loses its last seconds
 * only. `stop` ends that, once a save that is under way is done. After a save that fails there is none: the run's own
 * says what is wrong.
 */
export function startCheckpoints(
  cache: Pick<StatCache, 'checkpoint'>,
  { sleep, now }: Time = realTime,
): Checkpoints {
  const stopping = new AbortController();
  let saving: Promise<boolean> | undefined;
  const run = async () => {
    let pause = INTERVAL_MS;
    while (!stopping.signal.aborted) {
      await sleep(pause, stopping.signal);
      const started = now();
      saving = cache.checkpoint();
      const isSaved = await saving.finally(() => (saving = undefined));
      pause = isSaved ? Math.max(INTERVAL_MS, PAUSE * (now() - started)) : INTERVAL_MS;
    }
  };
  const ended = run().catch(() => undefined);
  return {
    saving: () => saving?.catch(() => undefined),
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

const realTime: Time = {
  // Keeps no process alive.
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
  now: () => performance.now(),
};
