/**
 * How long these tests try. They are short by default; `MUSE_FAULT_SECONDS=60` gives those that look for rare events a
 * minute each, and makes the others' trees and files as large as they get.
 */
const asked = Number(process.env['MUSE_FAULT_SECONDS'] ?? 0);

/** True where somebody asked for the long run. */
export const longRun = asked > 0;

/** Milliseconds for which to look for rare events, `short` unless somebody asked for more. */
export function effortMs(short: number): number {
  return longRun ? asked * 1000 : short;
}

/** The limit on a test that looks that long, or handles that much: a busy machine must not make it fail. */
export const PATIENCE_MS = 120_000 + asked * 4000;

/** Prints the figures of a long run. */
export function tell(figures: string): void {
  if (longRun) console.log(figures);
}
