import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Counts the entries below a root that are no directories, with blocking calls on this thread. Rejected for a library: it
 * holds the event loop until it ends; see decision 005. It is the floor of what these calls take.
 */
export function blockingWalk(root: string): number {
  const pending = [root];
  let count = 0;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const name of readdirSync(directory, 'utf8')) {
      const path = join(directory, name);
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat?.isDirectory()) pending.push(path);
      else if (stat) count++;
    }
  }
  return count;
}
