import type { DamagedSnapshot } from '@muse/snapshot';
import type { ShowRequest } from '../request.js';
import { findOperands, type Operand } from './operand.js';
import { takeOf, type SnapshotContext } from './snapshot.js';

/** The snapshot that is to be shown, and the damaged ones that were passed over to find it. */
export interface Shown extends Operand {
  readonly damaged: readonly DamagedSnapshot[];
}

/** Reads the snapshot that is to be shown. */
export async function show(
  { snapshot: name, trustOwners }: ShowRequest,
  context: SnapshotContext,
): Promise<Shown> {
  const [named] = await findOperands([name], { trustOwners }, context);
  if (named?.is === 'saved') {
    return { name, snapshot: named.saved, saved: named.saved, damaged: named.damaged };
  }
  if (named?.is === 'manifest') return { name, snapshot: named.snapshot, damaged: [] };
  if (!named) throw new Error('Nothing was named');
  const snapshot = await takeOf(named.tree, { threads: undefined, tree: { trustOwners } }, context);
  return { name, snapshot, damaged: [] };
}
