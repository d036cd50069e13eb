import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Command } from '../processes/run.js';
import { runScript } from '../processes/script.js';
import type { CaseName } from '../results.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';
import { program } from './program.js';

export const GIT = 'git status';
export const GIT_UNTRACKED_CACHE = 'git status, untracked cache';

/** Repositories that lie beside their tree, each made when it is first needed. */
const made = new WeakMap<BenchTree, Set<string>>();

/** `git status --porcelain` of a tree of which git knows every file. */
export function gitStatus(
  tree: BenchTree,
  name: typeof GIT | typeof GIT_UNTRACKED_CACHE,
  caseName: CaseName,
  prepare?: () => void,
): Contestant {
  const repository = repositoryOf(tree, name);
  const command = gitCommand(tree, repository, 'status', '--porcelain');
  return program(tree, command, {
    case: caseName,
    name,
    traced: true,
    prepare: () => {
      makeRepository(tree, repository, name === GIT_UNTRACKED_CACHE);
      prepare?.();
    },
  });
}

/** Has git read what was edited, so that the next `git status` finds only what comes after. */
export function gitAdd(tree: BenchTree): void {
  const repository = repositoryOf(tree, GIT);
  // It takes in new times without a new object for the same bytes, and ends with 1 where there are other bytes.
  run({ ...gitCommand(tree, repository, 'update-index', '-q', '--refresh'), codes: [0, 1] });
  run(gitCommand(tree, repository, 'add', '--update'));
}

/** `git hash-object`, which reads and hashes on one thread and keeps nothing. */
export function gitHashObject(tree: BenchTree, caseName: CaseName): Contestant {
  const command: Command = {
    program: 'git',
    args: ['hash-object', '--stdin-paths'],
    cwd: tree.root,
    stdin: tree.lineList,
  };
  return program(tree, command, { case: caseName, name: 'git hash-object' });
}

function repositoryOf({ aside }: BenchTree, name: string): string {
  return join(aside, name === GIT ? 'git' : 'git-untracked-cache');
}

function makeRepository(tree: BenchTree, repository: string, untrackedCache: boolean): void {
  const repositories = made.get(tree) ?? new Set();
  made.set(tree, repositories);
  if (repositories.has(repository)) return;
  repositories.add(repository);
  run({ program: 'git', args: ['init', '--quiet', '--bare', repository] });
  const set = (key: string, value: string) => run(gitCommand(tree, repository, 'config', key, value));
  set('core.bare', 'false');
  set('core.untrackedCache', String(untrackedCache));
  set('core.fileMode', 'false');
  set('core.autocrlf', 'false');
  set('gc.auto', '0');
  writeFileSync(join(repository, 'info', 'exclude'), '.muse\n');
  runScript('index-files', tree.root, tree.lineList, repository);
  // Once for the index, which learns here of what it could not know when it was written.
  run(gitCommand(tree, repository, 'status', '--porcelain'));
}

/** The repository is not in the tree, so that nothing of it is listed, and a tree of others stays as it is. */
function gitCommand({ root }: BenchTree, repository: string, ...args: string[]): Command {
  return { program: 'git', args, cwd: root, env: { GIT_DIR: repository, GIT_WORK_TREE: root } };
}
