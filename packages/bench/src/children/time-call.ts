import { peakMemory } from './peak-memory.js';
import type { Called, CallReport } from './reports.js';

/** Calls a library once and tells what that took. */
export async function timeCall(call: () => Promise<Called>): Promise<CallReport> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const called = await call();
  const milliseconds = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = { user: user / 1e6, system: system / 1e6 };
  return { milliseconds, cpuSeconds, peakBytes: peakMemory('self'), called };
}
