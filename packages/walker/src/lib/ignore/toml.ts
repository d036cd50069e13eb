import { parse, TomlError } from 'smol-toml';
import { IgnoreFileError, short, type TextPosition } from './errors.js';

/** The deepest nesting of arrays and inline tables. More than one level is a mistake that has its own message. */
const MAX_DEPTH = 20;
/** The parser makes a table of each part of a key, a thousand times as large as the part. */
const LONG_KEY = /(?:^|[[{,])[ \t]*(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){64}/m;

/** A table, as the parser returns it: without a prototype. */
export type TomlTable = Readonly<Record<string, unknown>>;

/** Options of {@link TomlDocument}. */
export interface TomlOptions {
  /** The beginning of messages, up to the word before the file. */
  readonly action: string;
  /** The file to name in messages. */
  readonly file: string;
  /** Returns a better reason than that of the parser, given the line where it stopped. Default: none. */
  readonly explain?: (line: string, reason: string) => string | undefined;
}

/** A TOML document that knows where its keys and array elements are. */
export class TomlDocument {
  readonly table: TomlTable;
  readonly positionOf: (offset: number) => TextPosition;
  readonly #options: TomlOptions;
  readonly #text: string;
  #spots: TomlSpot | undefined;

  /** @throws IgnoreFileError with line and column if the text is not TOML. */
  constructor(text: string, options: TomlOptions) {
    this.#text = text;
    this.#options = options;
    this.positionOf = lineCounter(text);
    const long = LONG_KEY.exec(text);
    if (long) this.fail(long.index, 'a key has more than 64 parts');
    try {
      this.table = parse(text, { maxDepth: MAX_DEPTH });
    } catch (cause) {
      if (!(cause instanceof TomlError)) throw cause;
      const [headline = ''] = cause.message.split('\n');
      const reason = headline.replace(/^Invalid TOML document: |\.$/g, '');
      const line = text.split('\n', cause.line)[cause.line - 1] ?? '';
      const { action, file, explain } = options;
      throw new IgnoreFileError(action, file, explain?.(line, reason) ?? reason, { at: cause, cause });
    }
  }

  /** The places of what is in the document. */
  get spots(): TomlSpot {
    return (this.#spots ??= tomlPositions(this.#text));
  }

  /** @throws IgnoreFileError with the line and column of an offset. */
  fail(at: number, reason: string, cause?: unknown): never {
    const { action, file } = this.#options;
    throw new IgnoreFileError(action, file, reason, { at: this.positionOf(at), cause });
  }
}

/** Returns the place of something, or of what it is in. */
export function below(spot: TomlSpot, name: string): TomlSpot {
  return spot.below.get(name) ?? spot;
}

/** Returns whether a value is a table. */
export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Names the kind of a value, or the value of a simple one. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (isTable(value)) return 'a table';
  return typeof value === 'string' ? 'a string' : short(String(value));
}

/** A place in a document, as an offset into its text. */
export interface TomlSpot {
  readonly at: number;
  /** The keys in it, of a table or of braces. */
  readonly below: Map<string, TomlSpot>;
  /** The elements of an array. */
  readonly elements: number[];
}

/**
 * Finds the keys and array elements of a document that parsed without error, since the parser keeps no positions. Arrays
 * inside arrays get none.
 */
function tomlPositions(text: string): TomlSpot {
  return new TomlScanner(text).scan();
}

/** Returns a function that returns the line and column of an offset. */
function lineCounter(text: string): (offset: number) => TextPosition {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

const BLANK = /(?:[\s,]+|#[^\n]*)*/y;
const SPACE = /[ \t]*/y;
const BARE_KEY = /[^.=\] \t]*/y;
/** A number, a date or the like, up to what ends it; a date may hold a space. */
const BARE_VALUE = /[^,\]}#\n]*/y;

class TomlScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): TomlSpot {
    const root = spotAt(0);
    let table = root;
    for (;;) {
      this.#take(BLANK);
      const start = this.#at;
      if (start >= this.#text.length) return root;
      if (this.#skip('[')) {
        this.#skip('[');
        table = this.#keys(root, ']', start);
        this.#skip(']');
      } else {
        this.#pair(table);
      }
    }
  }

  #pair(table: TomlSpot): void {
    const spot = this.#keys(table, '=', this.#at);
    this.#take(SPACE);
    this.#value(spot);
  }

  /** Reads a dotted key up to what ends it, and returns the place of what it names. */
  #keys(from: TomlSpot, end: string, start: number): TomlSpot {
    let spot = from;
    do {
      this.#take(SPACE);
      const name = this.#key();
      const known = spot.below.get(name) ?? spotAt(start);
      spot.below.set(name, known);
      spot = known;
      this.#take(SPACE);
    } while (this.#skip('.'));
    this.#skip(end);
    return spot;
  }

  #key(): string {
    const start = this.#at;
    if (!this.#string()) return this.#take(BARE_KEY);
    const quoted = this.#text.slice(start, this.#at);
    return quoted.includes('\\') ? (parse(`key = ${quoted}`)['key'] as string) : quoted.slice(1, -1);
  }

  #value(spot: TomlSpot | undefined): void {
    if (this.#skip('[')) {
      while (!this.#closes(']')) {
        spot?.elements.push(this.#at);
        this.#value(undefined);
      }
    } else if (this.#skip('{')) {
      const table = spot ?? spotAt(this.#at);
      while (!this.#closes('}')) this.#pair(table);
    } else if (!this.#string()) {
      this.#take(BARE_VALUE);
    }
  }

  /** Skips a string of any of the four kinds; returns whether there is one. */
  #string(): boolean {
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'") return false;
    const isLong = this.#text.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#text.charAt(this.#at) === '\\' ? 2 : 1;
    }
    this.#at += end.length;
    // Of a long one's last quotes, up to two more are its own.
    for (let more = 0; isLong && more < 2 && this.#skip(quote); more++);
    return true;
  }

  #closes(bracket: string): boolean {
    this.#take(BLANK);
    return this.#at >= this.#text.length || this.#skip(bracket);
  }

  #skip(character: string): boolean {
    const found = this.#text.charAt(this.#at) === character;
    if (found) this.#at++;
    return found;
  }

  #take(token: RegExp): string {
    const start = this.#at;
    token.lastIndex = start;
    if (token.test(this.#text)) this.#at = token.lastIndex;
    return this.#text.slice(start, this.#at);
  }
}

function spotAt(at: number): TomlSpot {
  return { at, below: new Map(), elements: [] };
}
