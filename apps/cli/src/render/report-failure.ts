import { CommandError, SilentExit } from '../command-error.js';
import type { Reporter } from './reporter.js';

/** Tells how a command failed, in one line; with `--debug` where in the program, too. */
export function reportFailure(reporter: Reporter, error: unknown): void {
  if (error instanceof SilentExit) return;
  if (error instanceof CommandError) {
    reporter.error(error.advice === undefined ? error.message : `${error.message}; ${error.advice}`);
  } else {
    reporter.error(
      `${firstLine(String(error))}; this is a bug in muse: run again with --debug and report it`,
    );
  }
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    for (const line of (cause.stack ?? String(cause)).split('\n')) reporter.debug(line);
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
