import type { Results } from '../results.js';
import { decimals } from './figures.js';
import { markdownTable } from './markdown-table.js';
import { targets, type Target } from './targets.js';

/** Returns the targets with what was measured, and which of the two bounds that keeps. */
export function targetTable(results: Results): string {
  const head = ['what', 'against', 'measured', 'reach', 'aim for', 'held'];
  const rows = targets(results).map((target) => [
    target.what,
    target.against,
    target.measured === undefined ? 'not measured' : figure(target, target.measured),
    figure(target, target.reach),
    figure(target, target.aimFor),
    verdict(target),
  ]);
  return markdownTable(head, rows, new Set([0, 1, 5]));
}

function verdict({ measured, reach, aimFor }: Target): string {
  if (measured === undefined) return '';
  if (measured <= aimFor) return 'aim';
  return measured <= reach ? 'reach' : '**no**';
}

const DIGITS = { ms: 1, MB: 0, '%': 2 } as const;

function figure({ unit }: Target, value: number): string {
  if (unit === 'ratio') return value.toFixed(2);
  return `${decimals(value, DIGITS[unit])} ${unit}`;
}
