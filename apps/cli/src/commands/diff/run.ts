import type { RequestOf, Run } from '../../definition.js';
import { findOperands, type Named } from '../../operands.js';
import { treeOptionsOf } from '../../shared-options.js';
import { findWorkingTree } from '../../working-tree.js';
import { compare, Selection } from './compare.js';
import type { diff } from './definition.js';
import { render } from './render.js';

type Request = RequestOf<typeof diff>;

/** Compares two snapshots that were named; without a second one, the first with the working tree that it is of. */
export const run: Run<Request> = async (request, { reporter }) => {
  const started = performance.now();
  const selection = new Selection(request.paths);
  const names = request.after === undefined ? [request.before] : [request.before, request.after];
  const [before, after] = await findOperands(names, treeOptionsOf(request), reporter);
  if (!before) throw new Error('Nothing was named');
  const comparison = await compare(
    [before, after ?? (await nowFor(before, request))],
    selection,
    request,
    reporter,
  );
  return render(comparison, request, performance.now() - started, reporter);
};

/** A saved snapshot is compared with the directory that it is of; anything else with the current one. */
async function nowFor(before: Named, request: Request): Promise<Named> {
  if (before.is !== 'saved') {
    return {
      is: 'directory',
      name: '.',
      damaged: [],
      tree: await findWorkingTree('.', treeOptionsOf(request)),
    };
  }
  const { saved, tree } = before;
  const name = saved.subtree || '.';
  return { is: 'directory', name, damaged: [], tree: { ...tree, name, subtree: saved.subtree } };
}
