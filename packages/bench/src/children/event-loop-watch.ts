import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLoopDelay } from '../results.js';

/** Long enough for the first tick, which only starts the clock, and for the tick after a pause, which tells of it. */
const TICKS_MS = 4;

/** Does some work and tells how long the event loop was kept from ticking meanwhile. */
export async function watchEventLoop<T>(
  work: () => Promise<T>,
): Promise<{ value: T; delay: EventLoopDelay }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await sleep(TICKS_MS);
  const value = await work();
  await sleep(TICKS_MS);
  histogram.disable();
  return { value, delay: { p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 } };
}
