import type { InitAnswer } from '../commands/init.js';
import type { Reporter } from './reporter.js';
import { shellWord } from './shell-word.js';
import { writeLines } from './write-answer.js';

/** Says what was made, what was there already, and that a directory left the tree around it. */
export async function renderInit(answer: InitAnswer, reporter: Reporter): Promise<void> {
  const { museDirectory, ignoreFile, madeMuseDirectory, madeIgnoreFile, above } = answer;
  const lines = [`${madeMuseDirectory ? 'Initialized' : 'Already initialized:'} ${museDirectory}`];
  if (madeIgnoreFile) lines.push(`Wrote ${ignoreFile}, in which every pattern is commented out`);
  await writeLines(lines);
  if (above === undefined) return;
  const made = [museDirectory, ...(madeIgnoreFile ? [ignoreFile] : [])].map(shellWord).join(' ');
  reporter.warn(
    `until now this was a part of the tree at ${above}, and is a tree of its own from here on, with a cache, rules and saved snapshots of its own; to go back run this: rm -r ${made}`,
  );
}
