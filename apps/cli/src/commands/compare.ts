import {
  diffSnapshots,
  latestSavedSnapshot,
  subtree as partOf,
  type DamagedSnapshot,
  type LatestSnapshot,
  type ParsedSnapshot,
  type Problem,
  type SavedSnapshot,
  type SnapshotDiff,
} from '@muse/snapshot';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { shellWord } from '../render/shell-word.js';
import type { DiffRequest, StatusRequest } from '../request.js';
import { noMuse, savedFailure } from '../saved-failure.js';
import { findWorkingTree, type WorkingTree } from '../working-tree.js';
import { isLatestAmong, readOperand, takeDirectory, type Operand, type OperandContext } from './operand.js';
import { takeOf, type SnapshotContext } from './snapshot.js';

/** Two snapshots, and what leads from one to the other. */
export interface Comparison {
  readonly before: Operand;
  readonly after: Operand;
  readonly diff: SnapshotDiff;
  /** Saved snapshots that cannot be read, and are newer than the one that was compared with. */
  readonly damaged: readonly DamagedSnapshot[];
  /** Wall time, milliseconds. */
  readonly milliseconds: number;
}

/** Compares a working tree with the snapshot of it that was saved last. */
export async function status(request: StatusRequest, context: SnapshotContext): Promise<Comparison> {
  const started = performance.now();
  const { directory } = request;
  const doing = `cannot tell what changed in ${directory}`;
  const tree = await findWorkingTree(directory, request.tree);
  if (!tree.hasMuse) throw noMuse(doing, tree);
  const { saved, damaged } = await latestOf(tree, doing);
  // First of all: what is saved while this runs is newer than what is compared.
  const taken = await takeOf(tree, request, context);
  const before = { name: 'latest', snapshot: reRooted(saved, tree.subtree), saved };
  return {
    before,
    after: { name: directory, snapshot: taken, tree },
    diff: diffSnapshots(before.snapshot, taken),
    damaged,
    milliseconds: performance.now() - started,
  };
}

/** Compares two snapshots that were named; without a second one, the first with the working tree that it is of. */
export async function diff(request: DiffRequest, context: SnapshotContext): Promise<Comparison> {
  const started = performance.now();
  const here = await findWorkingTree('.', request.tree);
  const besideLatest = await isLatestAmong([request.before, request.after]);
  const operands: OperandContext = { ...context, here, take: request, besideLatest };
  const before = await readOperand(request.before, operands);
  const after =
    request.after === undefined ? await nowFor(before, operands) : await readOperand(request.after, operands);
  return {
    before,
    after,
    diff: diffSnapshots(before.snapshot, after.snapshot),
    damaged: [],
    milliseconds: performance.now() - started,
  };
}

/** A saved snapshot is compared with the directory that it is of; anything else with the current one. */
async function nowFor(before: Operand, context: OperandContext): Promise<Operand> {
  const { saved } = before;
  if (!saved) return takeDirectory('.', context);
  const { subtree } = saved;
  const tree: WorkingTree = { ...context.here, name: subtree || '.', subtree };
  return { name: tree.name, snapshot: await takeOf(tree, context.take, context), tree };
}

async function latestOf(
  { root, subtree, name }: WorkingTree,
  doing: string,
): Promise<{ saved: SavedSnapshot; damaged: readonly DamagedSnapshot[] }> {
  let found: LatestSnapshot;
  try {
    found = await latestSavedSnapshot(root, { subtree });
  } catch (error) {
    throw savedFailure(doing, error);
  }
  const { snapshot: saved, damaged } = found;
  if (saved) return { saved, damaged };
  const [worst] = damaged;
  if (worst) throw savedFailure(doing, worst.error);
  // No quotes around a command that has some of its own: pasted together they would leave the name bare.
  const advice =
    name === '.'
      ? "run 'muse snapshot --save' first"
      : `first run this: muse snapshot --save ${shellWord(name)}`;
  throw new CommandError(ExitCode.failed, `${doing}: no snapshot of it is saved`, advice);
}

/** Returns what a saved snapshot says of a directory in it. */
function reRooted(saved: SavedSnapshot, directory: string): ParsedSnapshot {
  const path = directory.slice(saved.subtree === '' ? 0 : saved.subtree.length + 1);
  if (path === '') return saved;
  return {
    id: saved.id,
    manifest: partOf(saved.manifest, path),
    complete: saved.complete,
    problems: problemsIn(saved, path),
  };
}

function problemsIn({ problems }: SavedSnapshot, directory: string): Problem[] {
  return problems.flatMap((problem) => {
    const { path } = problem;
    if (path.startsWith(`${directory}/`)) return { ...problem, path: path.slice(directory.length + 1) };
    const isAbove = path === '' || path === directory || directory.startsWith(`${path}/`);
    return isAbove ? { ...problem, path: '' } : [];
  });
}
