import { exitCodeOf, SilentExit } from './command-error.js';
import type { ExitCode } from './exit-code.js';
import { loaded } from './loaded.js';
import { parseArguments } from './parse-arguments.js';
import { reportFailure } from './render/report-failure.js';
import { createReporter } from './render/reporter.js';
import type { CommonOptions } from './request.js';

// What a command needs is imported when it runs: `muse --help` must not wait for the engine to load. What is needed to
// fail is here from the start.

/** Runs one command line from its arguments to its exit code. It never rejects. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let options: CommonOptions = { quiet: false, color: 'auto', debug: args.includes('--debug') };
  try {
    const request = parseArguments(args);
    if (request.command === 'text') {
      const { renderText } = await loaded(import('./render/render-text.js'));
      return await renderText(request);
    }
    if (request.command === 'completion') {
      const { renderCompletion } = await loaded(import('./completion/render-completion.js'));
      return await renderCompletion(request);
    }
    options = request;
    const { runCommand } = await loaded(import('./run-command.js'));
    return await runCommand(request);
  } catch (error) {
    return fail(error, options);
  }
}

/** Tells of an error that ended the program, and returns the exit code for it. */
export function fail(error: unknown, options: CommonOptions): ExitCode {
  if (!(error instanceof SilentExit)) reportFailure(createReporter(options), error);
  return exitCodeOf(error);
}
