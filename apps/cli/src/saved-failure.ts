import { SavedSnapshotError } from '@muse/snapshot';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { rootFailure } from './root-failure.js';
import { errorCode, systemFailure } from './system-error.js';
import type { WorkingTree } from './working-tree.js';

const advices = new Map([
  ['ENOTREG', 'move it away and try again'],
  ['EDAMAGED', "restore the file, or remove it; 'muse log' lists the others"],
  ['EAMBIGUOUS', 'give more digits'],
  ['ENOSNAPSHOT', "'muse log' lists those that are saved"],
]);

/** Makes the error for something that went wrong with saved snapshots, or with the tree that they are of. */
export function savedFailure(doing: string, error: unknown): unknown {
  if (!(error instanceof SavedSnapshotError)) return rootFailure(doing, error);
  if (errorCode(error.cause) === error.code) return systemFailure(doing, error.cause);
  const reason = error.code === 'EDAMAGED' ? `${error.path}: ${error.reason}` : error.reason;
  return new CommandError(ExitCode.failed, `${doing}: ${reason}`, advices.get(error.code), error);
}

/** Makes the error for a directory that has no `.muse` where snapshots could be, or is not there itself. */
export function noMuse(doing: string, { error, strangers: [stranger] }: WorkingTree): CommandError {
  if (error !== undefined) return systemFailure(doing, error);
  if (stranger) return new CommandError(ExitCode.failed, `${doing}: ${stranger.message}`);
  return new CommandError(
    ExitCode.failed,
    `${doing}: there is no .muse in it or above it`,
    "run 'muse init' in the directory that snapshots are to be of",
  );
}
