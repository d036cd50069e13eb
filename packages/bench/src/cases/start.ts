import type { Contestant } from '../contestants/contestant.js';
import { museStart } from '../contestants/our-contestants.js';
import { run, type Command } from '../processes/run.js';
import { COMMAND, references } from '../results.js';

/** `muse --version` against a Node that does nothing. */
export function startCase(): Contestant[] {
  const nothing: Command = { program: process.execPath, args: ['-e', '0'] };
  return [
    { case: 'start', name: COMMAND, role: 'ours', run: () => run(museStart) },
    { case: 'start', name: references.start, role: 'baseline', run: () => run(nothing) },
  ];
}
