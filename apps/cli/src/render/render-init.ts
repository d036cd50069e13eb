import type { InitAnswer } from '../commands/init.js';
import { writeLines } from './write-answer.js';

/** Says what was made, and what was there already. */
export async function renderInit(answer: InitAnswer): Promise<void> {
  const { museDirectory, ignoreFile, madeMuseDirectory, madeIgnoreFile } = answer;
  const lines = [`${madeMuseDirectory ? 'Initialized' : 'Already initialized:'} ${museDirectory}`];
  if (madeIgnoreFile) lines.push(`Wrote ${ignoreFile}, in which every pattern is commented out`);
  await writeLines(lines);
}
