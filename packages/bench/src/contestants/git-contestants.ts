import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Command } from '../processes/run.js';
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
  addAll(tree, repositoryOf(tree, GIT));
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

function objectsOf({ aside }: BenchTree): string {
  return join(aside, 'git-objects');
}

function makeRepository(tree: BenchTree, repository: string, untrackedCache: boolean): void {
  const repositories = made.get(tree) ?? new Set();
  made.set(tree, repositories);
  if (repositories.has(repository)) return;
  repositories.add(repository);
  mkdirSync(objectsOf(tree), { recursive: true });
  run({ program: 'git', args: ['init', '--quiet', '--bare', repository] });
  const set = (key: string, value: string) => run(gitCommand(tree, repository, 'config', key, value));
  set('core.bare', 'false');
  set('core.untrackedCache', String(untrackedCache));
  set('gc.auto', '0');
  set('core.autocrlf', 'false');
  writeFileSync(join(repository, 'info', 'exclude'), '.muse\n');
  addAll(tree, repository);
  // Without a commit every file is a new one that git has to name.
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost'];
  run(gitCommand(tree, repository, ...author, 'commit', '--quiet', '--message', 'tree'));
  // Once for the index, which learns here of what it could not know when it was written.
  run(gitCommand(tree, repository, 'status', '--porcelain'));
}

function addAll(tree: BenchTree, repository: string): void {
  // What counts is the index. Contents go into one pack, plain: a hundred thousand files take a disk minutes to remove.
  const inOnePack = ['-c', 'core.bigFileThreshold=1', '-c', 'core.compression=0'];
  run(
    gitCommand(tree, repository, ...inOnePack, 'add', '--all', '--force', '--', '.', ':(exclude,top).muse'),
  );
}

/** Neither repository is in the tree, so that nothing of it is listed and it stays as it is; they share their objects. */
function gitCommand(tree: BenchTree, repository: string, ...args: string[]): Command {
  const { root } = tree;
  const env = { GIT_DIR: repository, GIT_WORK_TREE: root, GIT_OBJECT_DIRECTORY: objectsOf(tree) };
  return { program: 'git', args, cwd: root, env };
}
