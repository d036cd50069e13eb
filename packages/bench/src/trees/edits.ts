import { runScript } from '../processes/script.js';
import type { BenchTree } from './bench-tree.js';

/** Edits so many files, spread over the tree. */
export function editFiles({ root, nulList }: BenchTree, count: number): void {
  runScript('edit', root, nulList, String(count));
}

/** Gives every file new times and leaves its bytes alone. */
export function touchFiles({ root, nulList }: BenchTree): void {
  runScript('edit', root, nulList, 'touch');
}

const QUIET_MS = 50;
const QUIET_BYTES_A_MS = (16 * 1024 * 1024) / 1000;

/**
 * Waits until a snapshot trusts what was just edited. Until then it would read those files once more at the next
 * snapshot; the larger a file, the longer. See "Where trust is decided" in ARCHITECTURE.md.
 */
export function letSettle({ largestFileBytes }: BenchTree): void {
  const wait = QUIET_MS + largestFileBytes / QUIET_BYTES_A_MS;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait);
}
