import type { InitAnswer } from '../commands/init.js';
import { treePathToBytes } from '@muse/paths';
import { printable } from './printable.js';
import { stdoutIsTerminal, writeStdout } from './write-stdout.js';

/** Says what was made, and what was there already. */
export async function renderInit(answer: InitAnswer): Promise<void> {
  const { museDirectory, ignoreFile, madeMuseDirectory, madeIgnoreFile } = answer;
  const lines = [`${madeMuseDirectory ? 'Initialized' : 'Already initialized:'} ${museDirectory}`];
  if (madeIgnoreFile) lines.push(`Wrote ${ignoreFile}, in which every pattern is commented out`);
  const terminal = stdoutIsTerminal();
  await writeStdout(
    lines.map((line) => (terminal ? Buffer.from(`${printable(line)}\n`) : treePathToBytes(`${line}\n`))),
  );
}
