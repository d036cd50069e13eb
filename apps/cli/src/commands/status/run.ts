import { latestSavedSnapshot, type LatestSnapshot } from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, ExitCode } from '../../errors.js';
import { noMuse, savedFailure } from '../../failures.js';
import { shellWord } from '../../terminal/shell-word.js';
import type { FoundSaved } from '../../operands.js';
import { treeOptionsOf } from '../../shared-options.js';
import { findWorkingTree, type WorkingTree } from '../../working-tree.js';
import { compare, Selection } from '../diff/compare.js';
import { render } from '../diff/render.js';
import type { status } from './definition.js';

/** Compares a working tree with its last saved snapshot. */
export const run: Run<RequestOf<typeof status>> = async (request, { reporter }) => {
  const { directory } = request;
  const doing = `cannot tell what changed in ${directory}`;
  const started = performance.now();
  const selection = new Selection(request.paths);
  const tree = await findWorkingTree(directory, treeOptionsOf(request));
  if (!tree.hasMuse) throw noMuse(doing, tree);
  // First of all: what is saved while this runs is newer than what is compared.
  const latest = await latestOf(tree, doing);
  const before = { is: 'saved', name: 'latest', tree, ...latest } as const;
  const comparison = await compare(
    [before, { is: 'directory', name: directory, tree, damaged: [] }],
    selection,
    request,
    reporter,
  );
  return render(comparison, request, performance.now() - started, reporter);
};

async function latestOf(tree: WorkingTree, doing: string): Promise<FoundSaved> {
  const { root, subtree, name } = tree;
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
    name === '.' ? "run 'muse snapshot --save' first" : `first run: muse snapshot --save ${shellWord(name)}`;
  throw new CommandError(ExitCode.failed, `${doing}: no snapshot of it is saved`, advice);
}
