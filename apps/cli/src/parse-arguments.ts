import { CommanderError, type Command } from 'commander';
import { usageError, type CommandError } from './command-error.js';
import { createProgram } from './program.js';
import type { Request } from './request.js';
import { version } from './version.js';

/**
 * Returns what a command line asks for.
 *
 * @throws CommandError with exit code 2 when it asks for nothing that can be done.
 */
export function parseArguments(args: readonly string[]): Request {
  const [words, paths] = splitPaths(args);
  let request: Request | undefined;
  let text = '';
  const program = createProgram(version(), (accepted) => (request = accepted), paths);
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (piece) => (text += piece),
      writeErr: (piece) => (text += piece),
      outputError: () => undefined,
    });
  }
  try {
    program.parse(helpAsOption(words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') return { command: 'text', text, to: 'stderr' };
    if (error.exitCode === 0) return textRequest(program, text);
    throw asUsageError(error);
  }
  if (request === undefined) throw new Error('A command accepted its arguments and asked for nothing');
  return request;
}

/** Takes off the paths that stand after `--`, where they only say what part of an answer is wanted. */
function splitPaths(args: readonly string[]): [words: readonly string[], paths: readonly string[]] {
  const end = args.indexOf('--');
  const words = end < 0 ? args : args.slice(0, end);
  if (!words.includes('status') && !words.includes('diff')) return [args, []];
  return [words, end < 0 ? [] : args.slice(end + 1)];
}

/** Yields a command, and those in it. */
function* allCommands(command: Command): Iterable<Command> {
  yield command;
  for (const inner of command.commands) yield* allCommands(inner);
}

/** Makes `muse help snapshot` the same as `muse snapshot --help`. */
function helpAsOption(args: readonly string[]): string[] {
  return args[0] === 'help' ? [...args.slice(1), '--help'] : [...args];
}

/** Commander gives help for a command that does not exist as well; without the option it names the mistake. */
function textRequest(program: Command, text: string): Request {
  const [name] = program.args;
  const isCommand = program.commands.some((command) => command.name() === name);
  if (name === undefined || name.startsWith('-') || isCommand) return { command: 'text', text, to: 'stdout' };
  return parseArguments(['--', name]);
}

function asUsageError(error: CommanderError): CommandError {
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return usageError(message.replace(/\.$/, ''), "see 'muse --help'");
}
