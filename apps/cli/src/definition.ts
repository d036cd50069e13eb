import type { ExitCode } from './errors.js';
import type { Reporter, ReporterOptions } from './terminal/reporter.js';

/**
 * The values that a shell can offer for an option or an argument. `saved` are saved snapshots, `snapshot` whatever can be
 * named as one: files and directories, too.
 */
export type Offer = 'file' | 'directory' | 'saved' | 'snapshot' | readonly string[];

/** An option or an argument: how help writes it, and how its value is read. */
export interface Word<Value> {
  /** As help writes it: `-o, --output <file>`, `[dir]`, `<file...>`. */
  readonly syntax: string;
  readonly text: string;
  /** Values that a shell can offer; undefined offers none. An array holds all that are valid. */
  readonly offer?: Offer | undefined;
  /** True if it may be given more than once. */
  readonly repeatable?: boolean;
  /** Its value where it is left out. */
  readonly fallback?: string;
  /** The options that cannot be used with it, by their names in the request. */
  readonly conflicts?: readonly string[] | undefined;
  /**
   * Reads one value.
   *
   * @throws RangeError with a sentence about what it must be.
   */
  readonly parse?: ((text: string) => unknown) | undefined;
  /** Turns what the parser of the command line collected into the value of the request. */
  readonly resolve: (collected: unknown) => Value;
}

/** Options or arguments, by the names that a request has for their values. */
export type Words = Readonly<Record<string, Word<unknown>>>;

/** The values of options or arguments. */
export type ValuesOf<W extends Words> = {
  readonly [Name in keyof W]: W[Name] extends Word<infer Value> ? Value : never;
};

/** The text that `--help` prints, below the usage and the options of a command. */
export interface Help {
  /** A summary, for the list of commands. */
  readonly summary: string;
  /** A description in one sentence. */
  readonly description: string;
  /** Further explanation. */
  readonly details?: string;
  /** The meanings of its exit codes, where they are not those of every command. */
  readonly exitCodes?: readonly (readonly [code: number, meaning: string])[];
  readonly examples: readonly (readonly [command: string, meaning?: string])[];
}

/** A command: its words, what follows them, and its help. */
export interface Definition<A extends Words = Words, O extends Words = Words> extends Help {
  readonly name: string;
  /** In their order. */
  readonly arguments: A;
  /** In the order of help. */
  readonly options: O;
  /** True if paths after `--` select a part of the answer; the request has them as `paths`. */
  readonly takesPaths?: boolean;
  /**
   * Looks at a request as a whole.
   *
   * @throws CommandError with exit code 2.
   */
  check?(request: ValuesOf<A> & ValuesOf<O>): void;
}

/** Infers the types of a definition. */
export function define<A extends Words, O extends Words>(definition: Definition<A, O>): Definition<A, O> {
  return definition;
}

/** The request of a command line: the values of the command's arguments and options. */
export type RequestOf<D> =
  D extends Definition<infer A, infer O>
    ? ValuesOf<A> & ValuesOf<O> & { readonly paths: readonly string[] }
    : never;

/** The surroundings of a command: all it works with besides its request. */
export interface CommandContext {
  readonly reporter: Reporter;
  /** All commands, for the one that writes completions. */
  readonly commands: Commands;
}

/** Carries out a request and prints the answer; rejects with what ended it early. */
export type Run<Request> = (request: Request, context: CommandContext) => Promise<ExitCode>;

/** A command that can be run; its code is loaded when it is. */
export interface Command {
  readonly definition: Definition;
  readonly load: () => Promise<{ readonly run: Run<never> }>;
}

/** Commands that share their first word. */
export interface CommandGroup extends Help {
  readonly name: string;
  readonly commands: readonly Command[];
}

/** The commands of `muse`, in the order of help. */
export type Commands = readonly (Command | CommandGroup)[];

/** What is asked of every command. */
export interface CommonRequest extends ReporterOptions {
  /** Counts like the colour `never`. */
  readonly noColor: boolean;
  /** The directories to change to before anything else, each from the one before it. */
  readonly startIn: readonly string[] | undefined;
}

/** A command and what is asked of it, as a command line says. */
export interface ParsedCommand {
  readonly command: Command;
  readonly request: object;
  readonly common: CommonRequest;
}

/** Ties a definition to the code that carries it out. */
export function command<A extends Words, O extends Words>(
  definition: Definition<A, O>,
  load: () => Promise<{ readonly run: Run<RequestOf<Definition<A, O>>> }>,
): Command {
  return { definition: definition, load };
}

/** Returns the values of options or arguments, from what a parser collected for each. */
export function valuesOf<W extends Words>(
  words: W,
  collected: (word: Word<unknown>, index: number) => unknown,
): ValuesOf<W> {
  const values = Object.entries(words).map(([name, word], index) => [
    name,
    word.resolve(collected(word, index)),
  ]);
  return Object.fromEntries(values) as ValuesOf<W>;
}

/** Defines an argument. */
export function argument<Value>(syntax: string, text: string, offer: Offer): Word<Value> {
  return { syntax, text, offer, resolve: (given) => given as Value };
}

/** Defines an option that is given or not; one that begins with `--no-` is true when it is given, too. */
export function flag(syntax: string, text: string, ...conflicts: readonly string[]): Word<boolean> {
  const isNegative = syntax.startsWith('--no-');
  return { syntax, text, conflicts, resolve: (given) => given === !isNegative };
}

/** Defines an option with a value; undefined where it is not given. */
export function value<Value>(
  syntax: string,
  text: string,
  parse: (text: string) => Value,
  offer?: 'file' | 'directory' | 'snapshot',
): Word<Value | undefined> {
  return { syntax, text, offer, parse, resolve: (given) => given as Value | undefined };
}

/** Defines an option with one of some values. */
export function choice<const Value extends string>(
  syntax: string,
  text: string,
  offer: readonly Value[],
): Word<Value | undefined> {
  return { syntax, text, offer, resolve: (given) => given as Value | undefined };
}

/** Defines an option that may be repeated, each time with a value. */
export function repeated<Value>(
  syntax: string,
  text: string,
  parse: (text: string) => Value,
  offer?: 'file' | 'directory',
): Word<readonly Value[] | undefined> {
  return {
    syntax,
    text: `${text}; may be repeated`,
    offer,
    parse,
    repeatable: true,
    resolve: (given) => given as readonly Value[] | undefined,
  };
}

/** Reads a value that must not be empty. */
export function nonEmpty(text: string): string {
  if (text === '') throw new RangeError('It must not be empty.');
  return text;
}

/** Reads a whole number above 0. */
export function positiveInteger(text: string): number {
  const number = /^[0-9]+$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new RangeError('It must be a whole number above 0.');
}
