import type { CaseName } from '../results.js';
import type { BenchTree } from '../trees/bench-tree.js';

/**
 * Returns true if system calls are counted: strace makes a run many times as long, and the other cases lie between
 * these.
 */
export function isTraced({ role, files }: BenchTree, caseName: CaseName): boolean {
  return role !== 'series' && files > 1 && (caseName === 'cold' || caseName === 'warm');
}
