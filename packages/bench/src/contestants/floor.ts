import { availableParallelism } from 'node:os';
import { floors } from '../floors.js';
import type { CaseName } from '../results.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';
import { program } from './program.js';

const threads = String(availableParallelism());

/** Reads and hashes the files of a list that is made before and not timed. */
export function coldFloor(tree: BenchTree, caseName: CaseName): Contestant {
  const { name, programs } = floors();
  const command = { program: programs.cold, args: [threads], cwd: tree.root, stdin: tree.nulList };
  return program(tree, command, { case: caseName, name, traced: true });
}

/** Finds every file as the cache has it, and makes the snapshot id. */
export function warmFloor(tree: BenchTree, caseName: CaseName): Contestant {
  const { name, programs } = floors();
  const command = { program: programs.warm, args: [threads, tree.root] };
  return program(tree, command, { case: caseName, name, traced: true });
}
