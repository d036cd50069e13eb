import { closeSync, constants, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { commandLineArguments } from './argv.js';
import {
  CommandError,
  errorCode,
  ExitCode,
  exitCodeOf,
  SilentExit,
  systemFailure,
  systemReason,
} from './errors.js';
import { commands } from './commands.js';
import type { ParsedCommand } from './definition.js';
import { parsePlain } from './plain-parser.js';
import { keepHangupIgnored, runInChild } from './signals.js';
import { createReporter, reportFailure, type ReporterOptions } from './terminal/reporter.js';
import { stderrStream, writeStdout } from './terminal/streams.js';
import { tuneV8 } from './tune-v8.js';

// The code of a command is imported when it runs: `muse --help` must not wait for the engine to load. What is needed to
// fail is here from the start.

/** Runs the command line of this process, and sets its exit code. */
export async function start(): Promise<void> {
  // Node reads this when its pool is first used: a thread for each processor, one for a call that waits while a reply is
  // read, and the two that the engine leaves to others. A library has to do with the four of Node.
  process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + 3);
  const args = await commandLineArguments();
  const unparsed: ReporterOptions = { quiet: false, color: 'auto', debug: args.includes('--debug') };
  // What is loaded from here on has the places of its sources in stack traces.
  if (unparsed.debug) process.setSourceMapsEnabled(true);
  process.on('uncaughtException', (error) => {
    try {
      fail(error, unparsed);
    } finally {
      process.exit(ExitCode.failed);
    }
  });
  process.exitCode = (process.pid === 1 ? await runInChild() : undefined) ?? (await run(args, unparsed));
}

async function run(args: readonly string[], unparsed: ReporterOptions): Promise<ExitCode> {
  let options = unparsed;
  try {
    const parsed = parsePlain(args, commands) ?? (await loaded(import('./program.js'))).parseArguments(args);
    if ('text' in parsed) {
      const more = options.debug && args.includes('--version') ? await engineLine() : '';
      return await print(parsed.text + more, parsed.to);
    }
    const { color, noColor, ...common } = parsed.common;
    options = { ...common, color: noColor ? 'never' : color };
    if (common.startIn) await goTo(common.startIn);
    return await runCommand(parsed, options);
  } catch (error) {
    return fail(error, options);
  }
}

/** Changes to each directory from the one before it, as git does; an empty name changes nothing. */
async function goTo(directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    if (directory === '') continue;
    try {
      if (LONE_SURROGATE.test(directory)) await goToBytes(directory);
      else process.chdir(directory);
    } catch (error) {
      throw systemFailure(`cannot change to ${directory}`, error);
    }
  }
}

/** What stands for a byte that is not UTF-8. */
const LONE_SURROGATE = /\p{Cs}/u;

/** Changes to a directory whose name is not UTF-8, which Node can only do by way of its descriptor. */
async function goToBytes(directory: string): Promise<void> {
  const { toFsPath } = await import('@muse/paths');
  const descriptor = openSync(toFsPath(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  process.chdir(`/proc/self/fd/${descriptor}`);
  closeSync(descriptor);
}

async function runCommand({ command, request }: ParsedCommand, options: ReporterOptions): Promise<ExitCode> {
  keepHangupIgnored();
  const { run } = await loaded(command.load());
  // Each thread that starts sets a flag back.
  process.on('worker', (worker) => worker.once('online', tuneV8));
  const reporter = createReporter(options);
  try {
    return await run(request as never, { reporter, commands });
  } finally {
    reporter.finish();
  }
}

/** Help on stderr stands for a command that is missing, which is wrong usage. */
async function print(text: string, to: 'stdout' | 'stderr'): Promise<ExitCode> {
  if (to === 'stderr') {
    stderrStream().write(text);
    return ExitCode.usage;
  }
  await writeStdout([Buffer.from(text)]);
  return ExitCode.done;
}

function fail(error: unknown, options: ReporterOptions): ExitCode {
  if (!(error instanceof SilentExit)) reportFailure(createReporter(options), error);
  return exitCodeOf(error);
}

/** Returns which engine snapshots would be taken with here, and why it is not the native one. */
async function engineLine(): Promise<string> {
  const { nativeEngine } = await loaded(import('@muse/walker/scan'));
  let reason = 'MUSE_ENGINE asks for it';
  try {
    const native = await nativeEngine({ debug: (message) => (reason = message) });
    return native ? 'engine: native\n' : `engine: typescript (${reason})\n`;
  } catch (error) {
    return `engine: none (${error instanceof Error ? error.message : String(error)})\n`;
  }
}

/** Waits for a part of the program; rejects with what to do where it is missing or damaged. */
async function loaded<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (error) {
    const doing = 'cannot load a part of the program';
    const isSystem = errorCode(error)?.startsWith('ERR_') === false;
    if (isSystem) throw systemFailure(doing, error);
    throw new CommandError(ExitCode.failed, `${doing}: ${systemReason(error)}`, 'reinstall @muse/cli', error);
  }
}
