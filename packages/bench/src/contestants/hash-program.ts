import { availableParallelism } from 'node:os';
import type { CaseName } from '../results.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';
import { program } from './program.js';

const FILES_A_PROCESS = 1000;

/** `sha256sum` or `b3sum`, started by xargs, one on each processor. The list of files is made before and not timed. */
export function hashProgram(tree: BenchTree, name: 'sha256sum' | 'b3sum', caseName: CaseName): Contestant {
  const processes = String(availableParallelism());
  const args = ['-0', '-P', processes, '-n', String(FILES_A_PROCESS), name, '--'];
  const command = { program: 'xargs', args, cwd: tree.root, stdin: tree.nulList };
  return program(tree, command, { case: caseName, name });
}
