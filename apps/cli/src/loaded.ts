import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { errorCode, systemFailure, systemReason } from './system-error.js';

/** Waits for a part of the program; rejects with what to do where it is missing or damaged. */
export async function loaded<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (error) {
    const doing = 'cannot load a part of the program';
    const isSystem = errorCode(error)?.startsWith('ERR_') === false;
    if (isSystem) throw systemFailure(doing, error);
    throw new CommandError(
      ExitCode.failed,
      `${doing}: ${systemReason(error)}`,
      'install @muse/cli again',
      error,
    );
  }
}
