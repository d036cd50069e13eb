import {
  latestSavedSnapshot,
  readSavedSnapshot,
  SavedSnapshotError,
  type DamagedSnapshot,
  type SavedSnapshot,
} from '@muse/snapshot';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { savedFailure } from '../saved-failure.js';
import type { WorkingTree } from '../working-tree.js';

/** A saved snapshot, and the damaged ones that were passed over to find it. */
export interface FoundSaved {
  readonly saved: SavedSnapshot;
  readonly damaged: readonly DamagedSnapshot[];
}

const LATEST = /^latest(?:~(\d{1,9}))?$/;

/** Whether a word can stand for a saved snapshot: an id, the beginning of one, `latest`, or `latest~1`. */
export function isSavedName(name: string): boolean {
  return LATEST.test(name) || /^(?:sha256:[0-9a-f]{1,64}|[0-9a-f]{4,64})$/.test(name);
}

/** Finds the saved snapshot that a word stands for. Without `must`, returns undefined where there is none. */
export async function findSaved(
  name: string,
  { root, subtree, hasMuse }: WorkingTree,
  must: boolean,
): Promise<FoundSaved | undefined> {
  const doing = `cannot find the snapshot ${name}`;
  const latest = LATEST.exec(name);
  let damaged: DamagedSnapshot[] = [];
  try {
    if (hasMuse && latest) {
      const found = await latestSavedSnapshot(root, { subtree, back: Number(latest[1] ?? 0) });
      if (found.snapshot) return { saved: found.snapshot, damaged: found.damaged };
      damaged = [...found.damaged];
    } else if (hasMuse) {
      const saved = await readSavedSnapshot(root, name, { onDamaged: (each) => damaged.push(each) });
      return { saved, damaged };
    }
  } catch (error) {
    const isNone = error instanceof SavedSnapshotError && error.code === 'ENOSNAPSHOT';
    if (!isNone) throw savedFailure(doing, error);
  }
  if (!must) return undefined;
  if (damaged[0]) throw savedFailure(doing, damaged[0].error);
  throw new CommandError(
    ExitCode.failed,
    `${doing}: ${hasMuse ? 'none like it is saved' : 'there is no .muse here or above'}, and no file or directory has that name`,
    "name a saved snapshot ('muse log'), a manifest, a directory, or - for stdin",
  );
}
