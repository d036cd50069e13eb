import { createSnapshot, type Snapshot } from '@muse/snapshot';
import type { Called } from '../children/reports.js';

export async function call(root: string): Promise<Called> {
  return calledMuse(await createSnapshot(root));
}

/** Returns what there is to say of a snapshot. */
export function calledMuse({ stats, problems, saveError }: Snapshot): Called {
  const { files, hashedFiles, milliseconds } = stats;
  const { load, scan, hash, save } = milliseconds;
  const trouble = saveError?.message ?? problems[0]?.message;
  return { files, hashedFiles, phases: { load, scan, hash, save }, trouble };
}
