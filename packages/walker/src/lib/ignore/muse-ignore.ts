import { parse, TomlError } from 'smol-toml';
import type { IgnoreRule } from '../types.js';
import { IgnoreFileError, IgnorePatternError, short, type TextPosition } from './errors.js';
import { PatternRules } from './pattern-rules.js';

/** Options of {@link parseMuseIgnore}. */
export interface ParseMuseIgnoreOptions {
  /** The active domain, whose patterns come after the global ones. */
  readonly domain: string;
  /** The file to name in errors and rules. Default: `.museignore`. */
  readonly file?: string;
}

/**
 * Reads the text of a `.museignore`: the tables `[global]` and `[domain.<name>]`, each with an array `patterns`, and
 * nothing else.
 *
 * @throws IgnoreFileError with line and column if it is not TOML, not of that shape, or holds a pattern that is too long or
 *   too many patterns.
 */
export function parseMuseIgnore(
  text: string,
  { domain, file = '.museignore' }: ParseMuseIgnoreOptions,
): PatternRules {
  return new Reader(text, file).read(domain);
}

const action = 'Cannot read ignore rules from';
/** The deepest nesting of arrays and inline tables. More than one level is a mistake that has its own message. */
const MAX_DEPTH = 20;
/** The parser makes a table of each part of a key, a thousand times as large as the part. */
const LONG_KEY = /(?:^|[[{,])[ \t]*(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){64}/m;

type Table = Readonly<Record<string, unknown>>;

interface PlacedRule {
  readonly rule: IgnoreRule;
  readonly at: number;
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  readonly #positionOf: ReturnType<typeof lineCounter>;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#positionOf = lineCounter(text);
  }

  read(domain: string): PatternRules {
    const document = this.#parse();
    const spots = tomlPositions(this.#text);
    const rules: PlacedRule[] = [];
    const ofDomain: PlacedRule[] = [];
    for (const [name, value] of Object.entries(document)) {
      const spot = below(spots, name);
      if (name === 'global') rules.push(...this.#table(value, spot, 'global'));
      else if (name === 'domain') ofDomain.push(...this.#domains(value, spot, domain));
      else this.#failAtTop(name, value, spot);
    }
    return this.#rulesOf([...rules, ...ofDomain]);
  }

  #rulesOf(placed: readonly PlacedRule[]): PatternRules {
    try {
      return new PatternRules(placed.map(({ rule }) => rule));
    } catch (error) {
      if (!(error instanceof IgnorePatternError)) throw error;
      const at = placed.find(({ rule }) => rule === error.rule)?.at ?? 0;
      return this.#fail(at, `in [${error.rule.table ?? ''}]: ${error.reason}`, error);
    }
  }

  /** Reads the tables of all domains, and returns the rules of one. */
  #domains(value: unknown, spot: TomlSpot, domain: string): PlacedRule[] {
    if (!isTable(value))
      this.#fail(spot.at, `"domain" must be a table, but is ${kindOf(value)}; ${DOMAIN_WAY}`);
    const rules: PlacedRule[] = [];
    for (const [name, table] of Object.entries(value)) {
      const inner = below(spot, name);
      if (name === 'patterns' && !isTable(table)) {
        this.#fail(inner.at, `"patterns" does not belong in [domain] itself; ${DOMAIN_WAY}`);
      }
      const found = this.#table(table, inner, `domain.${name}`);
      if (name === domain) rules.push(...found);
    }
    return rules;
  }

  #table(value: unknown, spot: TomlSpot, table: string): PlacedRule[] {
    if (!isTable(value)) {
      this.#fail(spot.at, `"${short(table)}" must be a table, but is ${kindOf(value)}; ${wayIn(table)}`);
    }
    const other = Object.keys(value).find((key) => key !== 'patterns');
    if (other !== undefined) {
      const { at } = below(spot, other);
      this.#fail(at, `[${short(table)}] has no key "${short(other)}"; ${wayIn(table)}`);
    }
    const patterns: unknown = value['patterns'] ?? [];
    const { at, elements } = below(spot, 'patterns');
    if (!Array.isArray(patterns)) {
      this.#fail(
        at,
        `"patterns" in [${short(table)}] must be an array of strings, but is ${kindOf(patterns)}; ${wayIn(table)}`,
      );
    }
    return patterns.map((pattern: unknown, index) => {
      const offset = elements[index] ?? at;
      if (typeof pattern !== 'string') {
        this.#fail(
          offset,
          `"patterns" in [${short(table)}] must hold strings only, but holds ${kindOf(pattern)}; ${wayIn(table)}`,
        );
      }
      const { line } = this.#positionOf(offset);
      return { rule: { pattern, table, line, file: this.#file }, at: offset };
    });
  }

  #failAtTop(name: string, value: unknown, { at }: TomlSpot): never {
    if (name === 'patterns') {
      this.#fail(at, `"patterns" belongs in a table: write [global] on a line above it`);
    }
    const what = isTable(value) ? `table [${short(name)}]` : `key "${short(name)}"`;
    this.#fail(
      at,
      `there is no ${what}: patterns belong in [global], or in [domain.<name>] such as [domain.code]`,
    );
  }

  #parse(): Table {
    const long = LONG_KEY.exec(this.#text);
    if (long) this.#fail(long.index, 'a key has more than 64 parts');
    try {
      return parse(this.#text, { maxDepth: MAX_DEPTH });
    } catch (cause) {
      if (!(cause instanceof TomlError)) throw cause;
      const [headline = ''] = cause.message.split('\n');
      const reason = headline.replace(/^Invalid TOML document: |\.$/g, '');
      throw new IgnoreFileError(action, this.#file, this.#asGitIgnore(cause.line, reason) ?? reason, {
        at: cause,
        cause,
      });
    }
  }

  /** Recognises a line that is valid in a `.gitignore`, and returns how to write it here. */
  #asGitIgnore(line: number, reason: string): string | undefined {
    const text = this.#text.split('\n', line)[line - 1]?.trim() ?? '';
    const isKey = /^\[.*\]$|=/.test(text) || /^["',\]}]/.test(text);
    if (isKey || !/\bkey\b|end-of-line/.test(reason)) {
      return reason === 'invalid value' ? `${reason}; a pattern is a string, such as '*.o'` : undefined;
    }
    const quoted = text.includes("'") ? JSON.stringify(text) : `'${text}'`;
    return `this line is one of a .gitignore, but the file is TOML: write [global] and below it patterns = [${short(quoted)}]`;
  }

  #fail(at: number, reason: string, cause?: unknown): never {
    throw new IgnoreFileError(action, this.#file, reason, { at: this.#positionOf(at), cause });
  }
}

const DOMAIN_WAY = "write [domain.code], or another domain, and below it patterns = ['*.o', '/build/']";

function wayIn(table: string): string {
  return `write [${short(table)}] and below it patterns = ['*.o', '/build/']`;
}

/** Returns the place of something, or of what it is in. */
function below(spot: TomlSpot, name: string): TomlSpot {
  return spot.below.get(name) ?? spot;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function kindOf(value: unknown): string {
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
export function tomlPositions(text: string): TomlSpot {
  return new TomlScanner(text).scan();
}

/** Returns a function that returns the line and column of an offset. */
export function lineCounter(text: string): (offset: number) => TextPosition {
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
