import type { Commands, Definition, Offer, Word } from '../../definition.js';
import { commonOptions, programOptions } from '../../shared-options.js';

/** An option, as a shell has to know it. */
export interface OptionShape {
  /** As they are typed: `-o`, `--output`; the long one last. */
  readonly names: readonly string[];
  readonly text: string;
  /** True if a value follows. */
  readonly hasValue: boolean;
  readonly offer: Offer | undefined;
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
  /** The values to offer for its arguments. */
  readonly offer: Offer | undefined;
}

/** Returns the shape of `muse`, from the same definitions as the parser and help. */
export function shapeOf(commands: Commands): CommandShape {
  const shared = [...Object.values(commonOptions), ...programOptions].map(optionShape);
  const group = (words: readonly string[], summary: string, inner: Commands): CommandShape => ({
    words,
    summary,
    options: shared,
    offer: undefined,
    commands: inner.map((each) =>
      'definition' in each
        ? commandShape(words, each.definition, shared)
        : group([...words, each.name], each.summary, each.commands),
    ),
  });
  return group([], '', commands);
}

/** Yields a command, and all in it. */
export function* allShapes(shape: CommandShape): Iterable<CommandShape> {
  yield shape;
  for (const inner of shape.commands) yield* allShapes(inner);
}

function commandShape(
  before: readonly string[],
  { name, summary, arguments: words, options }: Definition,
  shared: readonly OptionShape[],
): CommandShape {
  const [argument] = Object.values(words);
  const own = Object.values(options).map(optionShape);
  return {
    words: [...before, name],
    summary,
    options: [...own, ...shared],
    commands: [],
    offer: argument?.offer,
  };
}

function optionShape(word: Pick<Word<unknown>, 'syntax' | 'text' | 'offer' | 'repeatable'>): OptionShape {
  const { syntax, text, offer, repeatable = false } = word;
  const names = syntax.split(/,? /).filter((part) => part.startsWith('-'));
  return { names, text, hasValue: syntax.includes('<'), offer, repeatable };
}

/** Returns a text as a word of bash or zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
