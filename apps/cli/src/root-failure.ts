import { IgnoreFileError } from '@muse/walker/ignore';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { errorCode, systemFailure } from './system-error.js';

/** Makes the error for a working tree that could not even be opened; anything else is given back as it is. */
export function rootFailure(doing: string, error: unknown): unknown {
  if (error instanceof IgnoreFileError) {
    const message = error.message.replace(/^C/, 'c');
    return new CommandError(ExitCode.usage, message, 'correct it and run again', error);
  }
  return errorCode(error) === undefined ? error : systemFailure(doing, error);
}
