import { availableParallelism } from 'node:os';
import type { Command } from '../processes/run.js';
import { run } from '../processes/run.js';
import { sampledPeak } from '../processes/sampled-peak.js';
import type { CaseName } from '../results.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';

const FILES_A_PROCESS = 1000;

/** `sha256sum` or `b3sum`, started by xargs, one on each processor. The list of files is made before and not timed. */
export function hashProgram(tree: BenchTree, name: 'sha256sum' | 'b3sum', caseName: CaseName): Contestant {
  const processes = String(availableParallelism());
  const command: Command = {
    program: 'xargs',
    args: ['-0', '-P', processes, '-n', String(FILES_A_PROCESS), name, '--'],
    cwd: tree.root,
    stdin: tree.nulList,
  };
  return {
    case: caseName,
    name,
    role: 'peer',
    run: () => run(command),
    account: async () => ({ peakBytes: await sampledPeak(command) }),
  };
}
