import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { commands as allCommands } from './commands.js';
import type * as define from './definition.js';
import { valuesOf } from './definition.js';
import { usageError, type CommandError } from './errors.js';
import { helpOf, type HelpSubject } from './help.js';
import { commonOptions, programOptions } from './shared-options.js';
import { stdoutWidth } from './terminal/streams.js';
import { version } from './version.js';

// The only file that knows commander.

/** A command and what is asked of it, or a text to print: help or the version. Help on stderr stands for a missing command. */
export type Parsed = define.ParsedCommand | { readonly text: string; readonly to: 'stdout' | 'stderr' };

/** The help of `muse` itself. */
export const museHelp: define.Help = {
  summary: '',
  description: 'Snapshots of a working tree: which files are there, and what is in each.',
  examples: [
    ['muse init', 'keep a cache for this directory'],
    ['muse snapshot', 'print the id of what is in it now'],
    ['muse snapshot -o ../m.json', 'write the whole manifest to a file'],
    ['muse snapshot --save -m green', 'save a snapshot, to compare with later'],
    ['muse status', 'what changed since the last saved snapshot?'],
    ['muse diff ../m.json', 'what changed since that manifest?'],
    ['muse explain src/main.c', 'would it be read again or left out, and why?'],
    ['muse verify', 'read every byte again, trusting no stat'],
    ['muse hash README.md', 'print the id of one file'],
  ],
  exitCodes: [
    [0, 'done'],
    [1, 'differences found: by verify, and by status and diff with --exit-code'],
    [2, 'wrong usage, or a broken configuration file'],
    [3, 'done, but incomplete: each file missing from the answer is named on stderr'],
    [4, 'failed'],
    [141, 'the reader of stdout went away'],
  ],
  details: `A signal ends muse as it ends any program, and leaves no temporary file behind.
'muse <command> --help' tells more about a command.`,
};

/**
 * Returns what a command line asks for.
 *
 * @throws CommandError with exit code 2 when it asks for nothing that can be done.
 */
export function parseArguments(args: readonly string[], commands = allCommands): Parsed {
  let parsed: Parsed | undefined;
  let text = '';
  const [words, paths] = splitPaths(args, commands);
  const program = createProgram(commands, paths, (each) => (parsed = each));
  let failed = program;
  for (const each of withInner(program)) {
    const end = (error: CommanderError): never => {
      failed = each;
      throw error;
    };
    each.exitOverride(end).configureOutput({
      writeOut: (piece) => (text += piece),
      writeErr: (piece) => (text += piece),
      outputError: () => undefined,
    });
  }
  try {
    program.parse(helpAsOption(words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') return { text, to: 'stderr' };
    if (error.exitCode !== 0) throw asUsageError(error, failed);
    // Commander gives help for a command that does not exist, too; without the option it names the mistake.
    const [name] = program.args;
    const isKnown = program.commands.some((each) => each.name() === name);
    if (name === undefined || name.startsWith('-') || isKnown) return { text, to: 'stdout' };
    return parseArguments(['--', name], commands);
  }
  if (parsed === undefined) throw new Error('A command accepted its arguments and asked for nothing');
  return parsed;
}

/** Takes off the paths after `--`, where the command has them select a part of its answer. */
function splitPaths(
  args: readonly string[],
  commands: define.Commands,
): [words: readonly string[], paths: readonly string[]] {
  const end = args.indexOf('--');
  const words = end < 0 ? args : args.slice(0, end);
  const takesPaths = commands.some(
    (each) =>
      'definition' in each && each.definition.takesPaths === true && words.includes(each.definition.name),
  );
  return takesPaths ? [words, end < 0 ? [] : args.slice(end + 1)] : [args, []];
}

/** Makes `muse help snapshot` the same as `muse snapshot --help`. */
function helpAsOption(args: readonly string[]): string[] {
  return args[0] === 'help' ? [...args.slice(1), '--help'] : [...args];
}

/** Makes the error for a mistake in the words of a command; its advice is the help of that command. */
function asUsageError(error: CommanderError, command: Command): CommandError {
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^command-argument value (.*) is invalid for argument '(.*?)'\. It /s, 'invalid $2 $1: it ')
    .replace(/ \(Did you mean .*$/s, (guess) => (isVersion(error) ? '' : guess));
  const advice = isVersion(error) ? "'muse --version' prints the version" : `see '${pathOf(command)} --help'`;
  return usageError(message.replace(/\.$/, ''), advice);
}

function isVersion({ message }: CommanderError): boolean {
  return message.startsWith("error: unknown command 'version'");
}

/** Returns the words that lead to a command: `muse cache info`. */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function* withInner(command: Command): Iterable<Command> {
  yield command;
  for (const inner of command.commands) yield* withInner(inner);
}

function createProgram(
  commands: define.Commands,
  paths: readonly string[],
  accept: (parsed: Parsed) => void,
): Command {
  const [versionOption, helpOption] = programOptions;
  const program = groupIn(new Command('muse'), { ...museHelp, commands })
    .version(version(), versionOption.syntax, versionOption.text)
    .helpOption(helpOption.syntax, helpOption.text);
  for (const option of Object.values(commonOptions)) program.addOption(optionOf(option));
  const add = (parent: Command, each: define.Command): void => {
    addCommand(parent, each, (request) => {
      accept({ command: each, request: { ...request, paths }, common: optionsOf(commonOptions, program) });
    });
  };
  for (const each of commands) {
    if ('definition' in each) {
      add(program, each);
      continue;
    }
    const group = groupIn(program.command(each.name), each);
    for (const inner of each.commands) add(group, inner);
  }
  return program;
}

function groupIn(command: Command, group: HelpSubject): Command {
  return withHelp(command, group).helpCommand(false);
}

/** Commander asks for the text when it prints it. */
function withHelp(command: Command, subject: HelpSubject): Command {
  const formatHelp = (): string => helpOf(pathOf(command).split(' '), subject, stdoutWidth());
  return command.configureHelp({ formatHelp });
}

function addCommand(parent: Command, each: define.Command, accept: (request: object) => void): void {
  const { definition } = each;
  const words = Object.values(definition.arguments);
  const command = withHelp(parent.command(definition.name), each);
  for (const word of words) command.addArgument(withValue(new Argument(word.syntax, word.text), word));
  for (const option of Object.values(definition.options)) command.addOption(optionOf(option));
  command.action(() => {
    const request = {
      ...valuesOf(definition.arguments, (_word, index) => command.processedArgs[index] as unknown),
      ...optionsOf(definition.options, command),
    };
    definition.check?.(request);
    accept(request);
  });
}

function optionOf(word: define.Word<unknown>): Option {
  const option = withValue(new Option(word.syntax, word.text), word);
  return word.conflicts === undefined ? option : option.conflicts([...word.conflicts]);
}

function withValue<W extends Option | Argument>(
  word: W,
  { offer, repeatable, parse, fallback }: define.Word<unknown>,
): W {
  if (typeof offer === 'object') word.choices(offer);
  if (parse) word.argParser(parserOf(parse, repeatable));
  if (fallback !== undefined) word.default(fallback);
  return word;
}

/** Reads a value for commander, which writes a sentence about what it is the value of. */
function parserOf(parse: (text: string) => unknown, repeatable = false) {
  return (text: string, before: unknown): unknown => {
    try {
      return repeatable ? [...((before as unknown[] | undefined) ?? []), parse(text)] : parse(text);
    } catch (error) {
      throw error instanceof RangeError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

function optionsOf<W extends define.Words>(words: W, command: Command): define.ValuesOf<W> {
  return valuesOf(words, (word) => command.getOptionValue(optionOf(word).attributeName()) as unknown);
}
