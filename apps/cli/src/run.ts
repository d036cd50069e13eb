import { exitCodeOf, SilentExit } from './command-error.js';
import type { ExitCode } from './exit-code.js';
import { parseArguments } from './parse-arguments.js';
import type { CommonOptions } from './request.js';

// What a command needs is imported when it runs: `muse --help` must not wait for the engine to load.

/** Runs one command line from its arguments to its exit code. It never rejects. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let options: CommonOptions = { quiet: false, color: 'auto', debug: args.includes('--debug') };
  try {
    const request = parseArguments(args);
    if (request.command === 'text') {
      const { renderText } = await import('./render/render-text.js');
      return await renderText(request);
    }
    if (request.command === 'completion') {
      const { renderCompletion } = await import('./completion/render-completion.js');
      return await renderCompletion(request);
    }
    options = request;
    const { runCommand } = await import('./run-command.js');
    return await runCommand(request);
  } catch (error) {
    return fail(error, options);
  }
}

/** Tells of an error that ended the program, and returns the exit code for it. */
export async function fail(error: unknown, options: CommonOptions): Promise<ExitCode> {
  if (!(error instanceof SilentExit)) {
    const { createReporter } = await import('./render/reporter.js');
    const { reportFailure } = await import('./render/report-failure.js');
    reportFailure(createReporter(options), error);
  }
  return exitCodeOf(error);
}
