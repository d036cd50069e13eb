import type { Measurement, Results } from '../results.js';
import { geometricMean } from '../statistics.js';

/** A case in which ours became slower, beside the same others, than it was. */
export interface Loss {
  /** Tree, case and contestant. */
  readonly name: string;
  /** Ours to the others, in the stored run and in this one. */
  readonly stored: number;
  readonly now: number;
}

/** The result of comparing two runs. */
export interface Comparison {
  readonly compared: number;
  readonly losses: readonly Loss[];
}

/** The growth of a ratio between two runs that is still noise. */
export const TOLERANCE = 0.15;

/**
 * Compares two runs, of the same machine or not: each of our times is divided by the geometric mean of the times that
 * others took in the same case on the same tree of the same run, of those that both runs have. Where no other program
 * takes part, a baseline stands in.
 */
export function compare(now: Results, stored: Results, tolerance = TOLERANCE): Comparison {
  let compared = 0;
  const losses: Loss[] = [];
  for (const ours of now.measurements.filter(({ role }) => role === 'ours')) {
    const before = counterpart(ours, stored);
    const others = now.measurements.filter((other) => isBeside(other, ours) && counterpart(other, stored));
    const peers = others.filter(({ role }) => role === 'peer');
    const rivals = peers.length > 0 ? peers : others.filter(({ role }) => role === 'baseline');
    if (!before || rivals.length === 0) continue;
    compared++;
    const ratioNow = timeOf(ours) / geometricMean(rivals.map(timeOf));
    const ratioStored = timeOf(before) / geometricMean(rivals.flatMap((rival) => timesIn(rival, stored)));
    if (ratioNow > ratioStored * (1 + tolerance)) {
      losses.push({ name: `${ours.tree}, ${ours.case}, ${ours.name}`, stored: ratioStored, now: ratioNow });
    }
  }
  return { compared, losses };
}

/** Says in lines what a comparison found; not `ok` on a loss, or where there was nothing to compare. */
export function check(now: Results, stored: Results): { lines: string[]; ok: boolean } {
  const { compared, losses } = compare(now, stored);
  if (compared === 0)
    return { lines: ['Nothing to compare: the two runs have no case in common'], ok: false };
  const lines = losses.map(({ name, stored: before, now: after }) => {
    const percent = ((after / before - 1) * 100).toFixed(0);
    return `Slower by ${percent} %: ${name}: ${after.toFixed(2)} times the others, was ${before.toFixed(2)}`;
  });
  const bound = `${(TOLERANCE * 100).toFixed(0)} %`;
  lines.push(
    `${compared} ${compared === 1 ? 'case' : 'cases'} compared, ${losses.length} slower by more than ${bound}`,
  );
  return { lines, ok: losses.length === 0 };
}

function isBeside(other: Measurement, { tree, case: caseName }: Measurement): boolean {
  return other.tree === tree && other.case === caseName && other.role !== 'ours';
}

function counterpart({ tree, case: caseName, name }: Measurement, { measurements }: Results) {
  return measurements.find((each) => each.tree === tree && each.case === caseName && each.name === name);
}

function timeOf({ milliseconds }: Measurement): number {
  return milliseconds.median;
}

function timesIn(measurement: Measurement, results: Results): number[] {
  const found = counterpart(measurement, results);
  return found ? [timeOf(found)] : [];
}
