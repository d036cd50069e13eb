import type { IgnoreRule } from '../types.js';
import { IgnorePatternError, short } from './errors.js';
import { PatternRules } from './pattern-rules.js';
import { below, isTable, kindOf, TomlDocument, type TomlSpot } from './toml.js';

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

interface PlacedRule {
  readonly rule: IgnoreRule;
  readonly at: number;
}

class Reader {
  readonly #document: TomlDocument;
  readonly #file: string;

  constructor(text: string, file: string) {
    this.#document = new TomlDocument(text, { action, file, explain: asGitIgnore });
    this.#file = file;
  }

  read(domain: string): PatternRules {
    const { table, spots } = this.#document;
    const rules: PlacedRule[] = [];
    const ofDomain: PlacedRule[] = [];
    for (const [name, value] of Object.entries(table)) {
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
      return this.#document.fail(at, `in [${error.rule.table ?? ''}]: ${error.reason}`, error);
    }
  }

  /** Reads the tables of all domains, and returns the rules of one. */
  #domains(value: unknown, spot: TomlSpot, domain: string): PlacedRule[] {
    if (!isTable(value))
      this.#document.fail(spot.at, `"domain" must be a table, but is ${kindOf(value)}; ${DOMAIN_WAY}`);
    const rules: PlacedRule[] = [];
    for (const [name, table] of Object.entries(value)) {
      const inner = below(spot, name);
      if (name === 'patterns' && !isTable(table)) {
        this.#document.fail(inner.at, `"patterns" does not belong in [domain] itself; ${DOMAIN_WAY}`);
      }
      const found = this.#table(table, inner, `domain.${name}`);
      if (name === domain) rules.push(...found);
    }
    return rules;
  }

  #table(value: unknown, spot: TomlSpot, table: string): PlacedRule[] {
    if (!isTable(value)) {
      this.#document.fail(
        spot.at,
        `"${short(table)}" must be a table, but is ${kindOf(value)}; ${wayIn(table)}`,
      );
    }
    const other = Object.keys(value).find((key) => key !== 'patterns');
    if (other !== undefined) {
      const { at } = below(spot, other);
      this.#document.fail(at, `[${short(table)}] has no key "${short(other)}"; ${wayIn(table)}`);
    }
    const patterns: unknown = value['patterns'] ?? [];
    const { at, elements } = below(spot, 'patterns');
    if (!Array.isArray(patterns)) {
      this.#document.fail(
        at,
        `"patterns" in [${short(table)}] must be an array of strings, but is ${kindOf(patterns)}; ${wayIn(table)}`,
      );
    }
    return patterns.map((pattern: unknown, index) => {
      const offset = elements[index] ?? at;
      if (typeof pattern !== 'string') {
        this.#document.fail(
          offset,
          `"patterns" in [${short(table)}] must hold strings only, but holds ${kindOf(pattern)}; ${wayIn(table)}`,
        );
      }
      const { line } = this.#document.positionOf(offset);
      return { rule: { pattern, table, line, file: this.#file }, at: offset };
    });
  }

  #failAtTop(name: string, value: unknown, { at }: TomlSpot): never {
    if (name === 'patterns') {
      this.#document.fail(at, `"patterns" belongs in a table: write [global] on a line above it`);
    }
    const what = isTable(value) ? `table [${short(name)}]` : `key "${short(name)}"`;
    this.#document.fail(
      at,
      `there is no ${what}: patterns belong in [global], or in [domain.<name>] such as [domain.code]`,
    );
  }
}

/** Recognises a line that is valid in a `.gitignore`, and returns how to write it here. */
function asGitIgnore(line: string, reason: string): string | undefined {
  const text = line.trim();
  const isKey = /^\[.*\]$|=/.test(text) || /^["',\]}]/.test(text);
  if (isKey || !/\bkey\b|end-of-line/.test(reason)) {
    return reason === 'invalid value' ? `${reason}; a pattern is a string, such as '*.o'` : undefined;
  }
  const quoted = text.includes("'") ? JSON.stringify(text) : `'${text}'`;
  return `this line is one of a .gitignore, but the file is TOML: write [global] and below it patterns = [${short(quoted)}]`;
}

const DOMAIN_WAY = "write [domain.code], or another domain, and below it patterns = ['*.o', '/build/']";

function wayIn(table: string): string {
  return `write [${short(table)}] and below it patterns = ['*.o', '/build/']`;
}
