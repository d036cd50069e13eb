import type { Argument, Command, Option } from 'commander';

/** What a shell can offer in the place of a value. */
export type Offer =
  | { readonly kind: 'file' | 'directory' | 'nothing' }
  | { readonly kind: 'one of'; readonly words: readonly string[] };

/** An option, as a shell has to know it. */
export interface OptionShape {
  /** As they are typed: `-o`, `--output`; the long one last. */
  readonly names: readonly string[];
  readonly description: string;
  /** What follows it; undefined where nothing does. */
  readonly value: Offer | undefined;
  readonly repeatable: boolean;
}

/** A command, as a shell has to know it. */
export interface CommandShape {
  /** The words after `muse`; none for `muse` itself. */
  readonly words: readonly string[];
  readonly summary: string;
  /** Its own and those of every command. */
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
  /** What its arguments are, if it takes any. */
  readonly argument: Offer | undefined;
}

/** Tells the shape of a command line from its grammar, so that no completion knows more or less than that. */
export function shapeOf(program: Command): CommandShape {
  return commandShape(program, [], []);
}

/** Yields a command, and all in it. */
export function* allShapes(shape: CommandShape): Iterable<CommandShape> {
  yield shape;
  for (const inner of shape.commands) yield* allShapes(inner);
}

function commandShape(
  command: Command,
  words: readonly string[],
  inherited: readonly OptionShape[],
): CommandShape {
  const help = command.createHelp();
  const own = help.visibleOptions(command).map(optionShape);
  const names = new Set(own.flatMap((option) => option.names));
  // Help and version are options of the program, too, and each command has its own help.
  const options = [...own, ...inherited.filter((option) => !option.names.some((name) => names.has(name)))];
  const [argument] = command.registeredArguments;
  return {
    words,
    summary: command.summary() || command.description(),
    options,
    commands: help
      .visibleCommands(command)
      .map((inner) => commandShape(inner, [...words, inner.name()], options)),
    argument: argument && argumentOffer(argument),
  };
}

function optionShape(option: Option): OptionShape {
  const { short, long, description, required, optional } = option;
  return {
    names: [short, long].filter((name) => name !== undefined),
    description,
    value: required || optional ? offerOf(valueName(option), option.argChoices, 'nothing') : undefined,
    repeatable: option.variadic || description.includes('may be repeated'),
  };
}

function argumentOffer(argument: Argument): Offer {
  return offerOf(argument.name(), argument.argChoices, 'file');
}

/** What a value is, is told by its name in the grammar. */
function offerOf(name: string, choices: readonly string[] | undefined, otherwise: 'file' | 'nothing'): Offer {
  if (choices) return { kind: 'one of', words: choices };
  if (name === 'dir') return { kind: 'directory' };
  return { kind: name === 'file' || name === 'path' ? 'file' : otherwise };
}

function valueName({ flags }: Option): string {
  return /[<[]([^>\].]+)/.exec(flags)?.[1] ?? '';
}
