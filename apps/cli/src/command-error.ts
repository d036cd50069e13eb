import { ExitCode } from './exit-code.js';

/** An end that the user can understand and act on, told in one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  /** What to do about it. */
  readonly advice: string | undefined;

  constructor(exitCode: ExitCode, message: string, advice?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.advice = advice;
  }
}

/** An end that needs no words: whoever read the answer went away. */
export class SilentExit extends Error {
  override readonly name = 'SilentExit';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`Exit with code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Makes the error for a command line that says nothing sensible. */
export function usageError(message: string, advice?: string): CommandError {
  return new CommandError(ExitCode.usage, message, advice);
}

/** Returns the exit code for whatever ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof CommandError || error instanceof SilentExit ? error.exitCode : ExitCode.failed;
}
