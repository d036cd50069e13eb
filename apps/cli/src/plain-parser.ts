import {
  valuesOf,
  type Command,
  type Commands,
  type ParsedCommand,
  type Word,
  type Words,
} from './definition.js';
import { commonOptions } from './shared-options.js';

/**
 * Reads a command line that is right and plainly written. Returns `undefined` for every other one: commander, which takes
 * 10 ms to load and to set up, knows more ways to write one, gives help, and says what is wrong.
 *
 * @throws CommandError with exit code 2 where the request as a whole cannot be carried out.
 */
export function parsePlain(args: readonly string[], commands: Commands): ParsedCommand | undefined {
  const end = args.indexOf('--');
  try {
    if (end < 0) return parseWords(args, undefined, commands);
    return parseWords(args.slice(0, end), args.slice(end + 1), commands);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Throws a `RangeError` for what is not plain, as a word does for a value that is wrong. */
function parseWords(
  words: readonly string[],
  paths: readonly string[] | undefined,
  commands: Commands,
): ParsedCommand {
  let scope = commands;
  let command: Command | undefined;
  const given = new Map<Word<unknown>, unknown>();
  const operands: string[] = [];
  const rest = words.values();
  for (const word of rest) {
    if (word.startsWith('-')) {
      const option = optionOf(word, command);
      if (given.has(option) && option.repeatable !== true) throw notPlain(word);
      given.set(option, collect(option, rest, given.get(option)));
    } else if (command) {
      operands.push(word);
    } else {
      const found = scope.find((each) => ('definition' in each ? each.definition : each).name === word);
      if (!found) throw notPlain(word);
      if ('definition' in found) command = found;
      else scope = found.commands;
    }
  }
  if (!command) throw notPlain('');
  const { definition } = command;
  if (paths && definition.takesPaths !== true) throw notPlain('--');
  // Of these two the last one counts.
  if (given.has(commonOptions.color) && given.has(commonOptions.noColor)) throw notPlain('--no-color');
  for (const [option, others] of exclusions({ ...commonOptions, ...definition.options })) {
    if (given.has(option) && others.some((other) => given.has(other))) throw notPlain(option.syntax);
  }
  const optionValue = (word: Word<unknown>) => (given.has(word) ? given.get(word) : word.fallback);
  const request = {
    ...argumentsOf(command, operands),
    ...valuesOf(definition.options, optionValue),
  };
  definition.check?.(request);
  return {
    command,
    request: { ...request, paths: paths ?? [] },
    common: valuesOf(commonOptions, optionValue),
  };
}

/** Returns each option with those that cannot be used with it. */
function exclusions(options: Words): [option: Word<unknown>, others: Word<unknown>[]][] {
  return Object.values(options).map((option) => [
    option,
    (option.conflicts ?? []).flatMap((name) => options[name] ?? []),
  ]);
}

function optionOf(flag: string, command: Command | undefined): Word<unknown> {
  for (const options of [commonOptions, command?.definition.options ?? {}]) {
    for (const option of Object.values<Word<unknown>>(options)) {
      if (option.syntax.split(/[ ,]+/).includes(flag)) return option;
    }
  }
  throw notPlain(flag);
}

/** Returns what an option has collected with one more time that it is given. */
function collect(option: Word<unknown>, rest: Iterator<string, undefined>, before: unknown): unknown {
  if (!option.syntax.includes('<')) return !option.syntax.startsWith('--no-');
  const value = read(option, rest.next().value);
  return option.repeatable === true ? [...((before as unknown[] | undefined) ?? []), value] : value;
}

function argumentsOf({ definition }: Command, operands: readonly string[]): object {
  const rest = operands.values();
  const values = valuesOf(definition.arguments, (word) => {
    const next = rest.next().value;
    if (word.syntax.endsWith('...]') && next === undefined) return [];
    if (word.syntax.includes('...'))
      return [read(word, next), ...Array.from(rest, (each) => read(word, each))];
    return next === undefined && !word.syntax.startsWith('<') ? word.fallback : read(word, next);
  });
  for (const word of rest) throw notPlain(word);
  return values;
}

function read({ offer, parse }: Word<unknown>, text: string | undefined): unknown {
  // What looks like an option may be one.
  if (text === undefined || text.startsWith('-')) throw notPlain(text ?? '');
  if (typeof offer === 'object' && !offer.includes(text)) throw notPlain(text);
  return parse ? parse(text) : text;
}

function notPlain(word: string): RangeError {
  return new RangeError(`Not plain: ${word}`);
}
