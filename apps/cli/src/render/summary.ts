import type { SnapshotStats } from '@muse/snapshot';
import { byteSize, count, countOf, duration } from './quantities.js';

/** Tells what a snapshot found and did, in one line: `78,579 files · 1.30 GB · 12 hashed, the rest unchanged · 0.3 s`. */
export function summary(stats: SnapshotStats): string {
  const parts = [countOf(stats.files, 'file'), byteSize(stats.bytes)];
  if (stats.files > 0) parts.push(work(stats));
  parts.push(duration(stats.milliseconds.total));
  return parts.join(' · ');
}

function work({ hits, hashedFiles }: SnapshotStats): string {
  if (hits === 0) return `${count(hashedFiles)} hashed`;
  if (hashedFiles === 0) return 'all unchanged';
  return `${count(hashedFiles)} hashed, the rest unchanged`;
}

/** Tells where the time of a snapshot went, and why files were read, a line for each. */
export function details({ milliseconds, misses, leftOut, racy, pruned }: SnapshotStats): string[] {
  const phases = Object.entries(milliseconds).map(([phase, time]) => `${phase} ${time.toFixed(0)} ms`);
  return [
    `time: ${phases.join(', ')}`,
    `read because: ${listed(misses)}`,
    `left out: ${listed(leftOut)}`,
    `too recent to be cached: ${count(racy)}; removed from the cache: ${count(pruned)}`,
  ];
}

function listed(counters: Readonly<Record<string, number>>): string {
  const some = Object.entries(counters).filter(([, number]) => number > 0);
  return some.length === 0 ? 'none' : some.map(([name, number]) => `${name} ${count(number)}`).join(', ');
}
