import type { SnapshotStats } from '@muse/snapshot';
import type { Problem } from '@muse/walker';
import { byteSize, count, countOf, duration } from '../../terminal/format.js';

/** Tells what a snapshot found and did, in one line: `78,579 files · 1.30 GB · 12 hashed, the rest unchanged · 0.3 s`. */
export function summary(stats: SnapshotStats): string {
  const parts = [countOf(stats.files, 'file'), byteSize(stats.bytes)];
  if (stats.files > 0) parts.push(work(stats));
  parts.push(duration(stats.milliseconds.total) + phases(stats.milliseconds));
  return parts.join(' · ');
}

/** Milliseconds from which on a run is worth telling what took so long, and a phase worth naming. */
const LONG_RUN = 1000;
const LONG_PHASE = 100;

/** Tells how long each part of a long run took: ` (scan 0.4 s, hash 11.9 s)`. */
function phases({ total, ...parts }: SnapshotStats['milliseconds']): string {
  if (total < LONG_RUN) return '';
  const long = Object.entries(parts).filter(([, time]) => time >= LONG_PHASE);
  return long.length === 0 ? '' : ` (${long.map(([name, time]) => `${name} ${duration(time)}`).join(', ')})`;
}

/** Tells what an incomplete answer lacks, and what it may have too much. Problems with rules are named as if of the root. */
export function incompleteHints(problems: readonly Problem[]): string[] {
  const lacking = problems.filter(({ path }) => path !== '').length;
  const hints: string[] = [];
  if (lacking > 0) {
    const lacks = countOf(lacking, 'file or directory', 'files or directories');
    hints.push(`the answer lacks ${lacks}: fix what is named above, or leave it out in .museignore`);
  }
  if (lacking < problems.length) {
    hints.push('the answer may hold files that the rules named above leave out');
  }
  return hints;
}

/** Files that are read in vain from which on a person should hear of it. */
const MANY = 1000;

/** Returns why many files were read that had not changed, if so, and what becomes of it. */
export function rereadHint({ misses, ahead }: SnapshotStats): string | undefined {
  const elsewhere = misses.inode + misses.ctime;
  if (elsewhere > MANY) {
    return `${countOf(elsewhere, 'file')} were read again because their inode or ctime changed (tree copied or restored?); the next run will be fast`;
  }
  if (ahead > MANY) {
    return `${countOf(ahead, 'file')} have a ctime in the future, and will be read every time until then (clock set back?)`;
  }
  return undefined;
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
