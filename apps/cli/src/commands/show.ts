import type { ShowRequest } from '../request.js';
import { findWorkingTree, warnOfStrangers } from '../working-tree.js';
import { readOperand, type Operand } from './operand.js';
import type { SnapshotContext } from './snapshot.js';

/** Reads the snapshot that is to be shown. */
export async function show(
  { snapshot, trustOwners }: ShowRequest,
  context: SnapshotContext,
): Promise<Operand> {
  const here = await findWorkingTree('.', { trustOwners });
  warnOfStrangers(here, context.logger);
  return readOperand(snapshot, {
    ...context,
    here,
    take: { threads: undefined, tree: { trustOwners } },
  });
}
