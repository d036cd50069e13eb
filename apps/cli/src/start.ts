import { commandLineArguments } from './argv.js';
import { ExitCode } from './exit-code.js';
import { fail, run } from './run.js';

const args = await commandLineArguments();

process.on('uncaughtException', (error) => {
  const options = { quiet: false, color: 'auto', debug: args.includes('--debug') } as const;
  void fail(error, options).then((code) => process.exit(code));
});

const code = await run(args);
if (code === ExitCode.interrupted || code === ExitCode.terminated) {
  // Only here: what still waits to be written or read is not wanted any more, and could wait for ever.
  process.exit(code);
}
process.exitCode = code;
