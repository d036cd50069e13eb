import { commandLineArguments } from './argv.js';
import { ExitCode } from './exit-code.js';
import { runInChild } from './first-process.js';
import { fail, run } from './run.js';

/** Runs the command line of this process, and sets its exit code. */
export async function start(): Promise<void> {
  const args = await commandLineArguments();
  process.on('uncaughtException', (error) => {
    try {
      fail(error, { quiet: false, color: 'auto', debug: args.includes('--debug') });
    } finally {
      process.exit(ExitCode.failed);
    }
  });
  process.exitCode = (process.pid === 1 ? await runInChild() : undefined) ?? (await run(args));
}
