import { parse, TomlError, type TomlTable } from 'smol-toml';
import type { IgnoreRule } from '../types.js';
import { IgnoreFileError } from './ignore-file-error.js';
import { PatternRules } from './pattern-rules.js';
import { tomlPositions, type PositionOf, type ValuePath } from './toml-positions.js';

/** What {@link parseMuseIgnore} has to know beside the text. */
export interface ParseMuseIgnoreOptions {
  /** The active domain, whose patterns come after the global ones. */
  readonly domain: string;
  /** The file to name in errors and rules; `.museignore` unless given. */
  readonly file?: string;
}

/**
 * Reads the text of a `.museignore`.
 *
 * Tables and keys that are not ours are passed over; ours must have their right types, those of other domains too.
 *
 * @throws IgnoreFileError with line and column when it is not TOML or not of that shape.
 */
export function parseMuseIgnore(
  text: string,
  { domain, file = '.museignore' }: ParseMuseIgnoreOptions,
): PatternRules {
  const document = parseToml(text, file);
  const shape = new Shape(file, tomlPositions(text));
  const domains = shape.table(document, ['domain']);
  for (const name of Object.keys(domains)) shape.rules(domains, ['domain', name]);
  return new PatternRules([
    ...shape.rules(document, ['global']),
    ...(Object.hasOwn(domains, domain) ? shape.rules(domains, ['domain', domain]) : []),
  ]);
}

const action = 'Cannot read ignore rules from';

function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [headline = ''] = cause.message.split('\n');
    throw new IgnoreFileError(action, file, headline.replace(/^Invalid TOML document: /, ''), {
      at: cause,
      cause,
    });
  }
}

/** Looks values up by their own name and insists on their types. */
class Shape {
  readonly #file: string;
  readonly #positionOf: PositionOf;

  constructor(file: string, positionOf: PositionOf) {
    this.#file = file;
    this.#positionOf = positionOf;
  }

  /** The table at `path`, whose last key is looked up in `parent`; an empty one where there is none. */
  table(parent: TomlTable, path: readonly string[]): TomlTable {
    const value = own(parent, path.at(-1) ?? '') ?? {};
    return isTable(value)
      ? value
      : this.#fail(path, `"${path.join('.')}" must be a table, but is ${kindOf(value)}`);
  }

  /** The patterns in the table at `path`, with their lines. */
  rules(parent: TomlTable, path: readonly string[]): IgnoreRule[] {
    const patterns = own(this.table(parent, path), 'patterns') ?? [];
    const at = [...path, 'patterns'];
    const table = path.join('.');
    if (!Array.isArray(patterns)) {
      this.#fail(at, `"patterns" in [${table}] must be an array of strings, but is ${kindOf(patterns)}`);
    }
    return patterns.map((pattern: unknown, index) => {
      const element = [...at, index];
      const file = this.#file;
      if (typeof pattern === 'string') return { pattern, table, line: this.#positionOf(element).line, file };
      return this.#fail(
        element,
        `"patterns" in [${table}] must hold strings only, but holds ${kindOf(pattern)}`,
      );
    });
  }

  #fail(path: ValuePath, reason: string): never {
    throw new IgnoreFileError(action, this.#file, reason, { at: this.#positionOf(path) });
  }
}

function own(table: TomlTable, name: string): unknown {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (isTable(value)) return 'a table';
  return typeof value === 'string' ? 'a string' : String(value);
}
