import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from './types.js';

/** As long as the contents that take their place. */
export const BEFORE = 'A'.repeat(4096);
export const AFTER = 'B'.repeat(4096);

/** The file that is edited, and some that are not. */
export const TREE = { edited: BEFORE, other: 'other\n', 'dir/third': 'third\n' };

/**
 * Lets all files become old enough for every tool to remember: borg forgets the newest ones, and those of the last three
 * seconds.
 */
export async function letGrowOld({ root }: Place, round: string): Promise<void> {
  await sleep(1100);
  writeFileSync(join(root, `newest-${round}`), `${round}\n`);
  await sleep(4000);
}
