import type { Problem } from '@muse/snapshot';
import { countOf } from './quantities.js';

const MOST_LINES = 50;

/** Names each file and directory that the snapshot lacks, a line for each, up to fifty. */
export function problemLines(problems: readonly Problem[]): string[] {
  const lines = problems.slice(0, MOST_LINES).map(problemLine);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`and ${countOf(more, 'more problem')}; --json lists them all`);
  return lines;
}

const doing = new Map([
  ['lstat', 'look at'],
  ['readdir', 'list'],
  ['opendir', 'list'],
]);

/** Names one of them. */
export function problemLine({ path, operation, code, message }: Problem): string {
  return `${path || '.'}: cannot ${doing.get(operation) ?? operation}: ${message} (${code})`;
}
