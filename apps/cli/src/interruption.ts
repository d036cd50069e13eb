import { SilentExit } from './command-error.js';
import { ExitCode } from './exit-code.js';

const exitCodes = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated } as const;

/** Turns the first SIGINT or SIGTERM into an abort, so that the command can clean up; a second one exits at once. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodes[name]);
      controller.abort(new SilentExit(exitCodes[name]));
    });
  }
  return controller.signal;
}
