import { readFileSync } from 'node:fs';
import type { CpuSeconds } from '../results.js';

/** The unit of /proc, on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;
/** The first field for ended children, counted from the state of the process, which is field 3 of proc(5). */
const CHILD_USER = 16 - 3;

/**
 * Returns what the ended children of this process, and theirs, have taken so far, to the hundredth of a second;
 * `undefined` where there is no /proc. Reading it costs the measured program nothing.
 */
export function cpuOfChildren(): CpuSeconds | undefined {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // The name of the program comes before, in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user, system] = fields
      .slice(CHILD_USER, CHILD_USER + 2)
      .map((ticks) => Number(ticks) / TICKS_A_SECOND);
    return user === undefined || system === undefined ? undefined : { user, system };
  } catch {
    return undefined;
  }
}

/** Returns what was taken between two readings. */
export function cpuBetween(
  before: CpuSeconds | undefined,
  after: CpuSeconds | undefined,
): CpuSeconds | undefined {
  if (!before || !after) return undefined;
  return { user: after.user - before.user, system: after.system - before.system };
}
