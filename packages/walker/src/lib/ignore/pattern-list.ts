import { itemOf } from '../scan/reply.js';
import { treePathFromBytes } from '@muse/paths';
import type { IgnoreRule } from '../types.js';
import { IgnorePatternError } from './errors.js';
import { GlobAutomaton, positionsOfName, positionsOfPath, type Chain } from './glob.js';
import { byteText } from './rules.js';

/** One line of a list of patterns, as git reads it. All texts have one character for each byte. */
export interface Pattern {
  /** The glob, without the `!` in front and a slash at either end. */
  readonly body: string;
  /** True if it takes back in what an earlier one leaves out. */
  readonly negative: boolean;
  readonly directoriesOnly: boolean;
  /** True if it matches the path from the directory of the list, false if it matches a name at any depth. */
  readonly anchored: boolean;
  readonly rule: IgnoreRule;
}

/**
 * Reads patterns, one line each. Blank lines and comments are skipped.
 *
 * @throws IgnorePatternError for a pattern of several lines.
 */
export function readPatterns(rules: readonly IgnoreRule[]): Pattern[] {
  const patterns: Pattern[] = [];
  for (const rule of rules) {
    if (rule.pattern.includes('\n')) {
      throw new IgnorePatternError(rule, 'a pattern is one line, but here is a line feed');
    }
    const pattern = parseLine(byteText(rule.pattern));
    if (pattern) patterns.push({ ...pattern, rule });
  }
  return patterns;
}

/** Reads the text of a `.gitignore`, which has one character for each byte. */
export function readGitIgnore(text: string, file: string): Pattern[] {
  const patterns: Pattern[] = [];
  const lines = text.replace(/^\xef\xbb\xbf/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    const pattern = parseLine(line);
    if (!pattern) continue;
    const rule = { pattern: treePathFromBytes(Buffer.from(pattern.text, 'latin1')), line: index + 1, file };
    patterns.push({ ...pattern, rule });
  }
  return patterns;
}

/** Returns undefined for a line that is blank, a comment, or nothing but `!` and slashes. */
function parseLine(line: string): (Omit<Pattern, 'rule'> & { readonly text: string }) | undefined {
  if (line.startsWith('#')) return undefined;
  const text = withoutEnd(line);
  const negative = text.startsWith('!');
  const written = negative ? text.slice(1) : text;
  const directoriesOnly = written.endsWith('/');
  const path = directoriesOnly ? written.slice(0, -1) : written;
  const anchored = path.includes('/');
  const body = path.startsWith('/') ? path.slice(1) : path;
  return body === '' ? undefined : { text, negative, directoriesOnly, body, anchored };
}

/**
 * A line ends at CR LF as at LF, and at a NUL; of white space only spaces at its end are no part of it, unless they are
 * escaped.
 */
function withoutEnd(line: string): string {
  const nul = line.indexOf('\0');
  const text = nul >= 0 ? line.slice(0, nul) : line.endsWith('\r') ? line.slice(0, -1) : line;
  if (!text.endsWith(' ')) return text;
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charAt(i) === '\\') {
      // A backslash with nothing behind it keeps the whole line as it is.
      if (++i === text.length) return text;
      end = i + 1;
    } else if (text.charAt(i) !== ' ') {
      end = i + 1;
    }
  }
  return text.slice(0, end);
}

/** The rank of no pattern. */
export const NONE = -1;

/** Bytes. No path that a system call takes is longer. */
const MAX_PATTERN_BYTES = 4096;
const MAX_PATTERNS = 100_000;
/**
 * Bytes, about, of the patterns that are matched step by step. One of them costs up to 26 ns an entry: 255 bytes of a name,
 * 3.3 ns for 32 bits (Node 20, a busy core). A pattern such as `*.o` costs that in all, and counts as one.
 */
const MAX_WILDCARD_BYTES = 6144;

/** The size of all lists that count in one place; each number is limited. */
export interface ListSize {
  readonly patterns: number;
  readonly wildcardBytes: number;
}

/**
 * The part of a list that can still match below a directory, on the way down to it.
 *
 * It is never changed.
 */
export interface ListState {
  /** The rest of the paths without wildcards that begin with the way to the directory, where there are any. */
  readonly paths: PathTree | undefined;
  readonly globs: Int32Array | undefined;
}

/** The last patterns of one spelling: for an entry that is no directory, and for a directory. */
interface Last {
  file: number;
  directory: number;
}

/** Paths without wildcards, by their first segments. */
export class PathTree {
  readonly below = new Map<string, PathTree>();
  last: Last | undefined;
}

const WILDCARD = /[*?[\\]/;
const NO_EXTENSION = [''];

/**
 * A list of patterns with git's meaning, of which the last that matches decides.
 *
 * Names and paths without wildcards are looked up, and so is what follows the last dot in patterns such as `*.o`. All
 * others are matched at once, by one automaton.
 */
export class PatternList {
  readonly patterns: readonly Pattern[];
  /** At the directory that the patterns are relative to. */
  readonly start: ListState;
  /** Its size, with that of the lists before it. */
  readonly size: ListSize;
  readonly #names = new Map<string, Last>();
  /** The rest after the star of patterns such as `*.tar.gz`, by its part from the last dot on; `''` without a dot. */
  readonly #suffixes = new Map<string, Map<string, Last>>();
  readonly #paths = new PathTree();
  readonly #globOf = new Map<string, Last>();
  /** The last rule of each glob, by its number. */
  readonly #globs: Last[] = [];
  readonly #automaton: GlobAutomaton;
  #wildcardBytes: number;

  /** @throws IgnorePatternError when a pattern is too long, or one too many beside those of the lists before. */
  constructor(patterns: readonly Pattern[], before: ListSize = { patterns: 0, wildcardBytes: 0 }) {
    this.patterns = patterns;
    this.#wildcardBytes = before.wildcardBytes;
    const chains: Chain[] = [];
    for (const [rank, pattern] of patterns.entries()) {
      const { rule, body } = pattern;
      if (body.length > MAX_PATTERN_BYTES) {
        throw new IgnorePatternError(
          rule,
          `a pattern may have ${MAX_PATTERN_BYTES} bytes, and this one has ${body.length}`,
        );
      }
      if (before.patterns + rank === MAX_PATTERNS) {
        throw new IgnorePatternError(
          rule,
          `it is one more than the ${MAX_PATTERNS} patterns that are allowed`,
        );
      }
      rise(this.#lastOf(pattern, chains), rank, pattern);
      if (this.#wildcardBytes > MAX_WILDCARD_BYTES) {
        const reason = `up to here patterns with wildcards have more than the ${MAX_WILDCARD_BYTES} bytes allowed`;
        throw new IgnorePatternError(rule, reason);
      }
    }
    this.#automaton = new GlobAutomaton(chains);
    this.size = {
      patterns: before.patterns + patterns.length,
      wildcardBytes: this.#wildcardBytes + this.#automaton.unusedBits,
    };
    this.start = {
      paths: this.#paths.below.size > 0 ? this.#paths : undefined,
      globs: chains.length > 0 ? this.#automaton.start : undefined,
    };
  }

  /** Returns the pattern that decides about an entry, by its rank; `name` has one character for each byte. */
  rankOf({ paths, globs }: ListState, name: string, directory: boolean): number {
    let best = NONE;
    const offer = (last: Last | undefined) => {
      if (!last) return;
      const rank = directory ? last.directory : last.file;
      if (rank > best) best = rank;
    };
    offer(this.#names.get(name));
    if (this.#suffixes.size > 0) {
      const dot = name.lastIndexOf('.');
      for (const extension of dot < 0 ? NO_EXTENSION : [name.slice(dot), '']) {
        const candidates = this.#suffixes.get(extension);
        if (candidates) for (const [suffix, last] of candidates) if (name.endsWith(suffix)) offer(last);
      }
    }
    offer(paths?.below.get(name)?.last);
    if (globs) {
      this.#automaton.match(globs, name, (glob) => {
        offer(itemOf(this.#globs, glob));
      });
    }
    return best;
  }

  /** Returns how far the list has come in a directory of that name; the same state where that is no further. */
  enter(state: ListState, name: string): ListState {
    const paths = state.paths?.below.get(name);
    const globs = state.globs && this.#automaton.enter(state.globs, name);
    return paths === state.paths && globs === state.globs ? state : { paths, globs };
  }

  /** Returns where the rank of a pattern is kept: in one place for all that mean the same. */
  #lastOf({ body, anchored }: Pattern, chains: Chain[]): Last | undefined {
    // At any depth, as a name is.
    const name = anchored ? /^\*\*+\/([^/]+)$/.exec(body)?.[1] : body;
    if (!WILDCARD.test(name ?? body)) {
      if (name !== undefined) return lastIn(this.#names, name);
      return lastOfPath(this.#paths, body);
    }
    const suffix = name?.startsWith('*') === true ? name.slice(1) : undefined;
    if (suffix !== undefined && !WILDCARD.test(suffix)) return this.#lastOfSuffix(suffix);
    const key = name ?? `/${body}`;
    const known = this.#globOf.get(key);
    if (known) return known;
    const found = name === undefined ? positionsOfPath(body) : positionsOfName(name);
    if (found.length === 0) return undefined;
    const last = { file: NONE, directory: NONE };
    this.#globOf.set(key, last);
    const number = this.#globs.push(last) - 1;
    for (const positions of found) {
      chains.push({ number, positions });
      this.#wildcardBytes += positions.steps.length;
    }
    return last;
  }

  #lastOfSuffix(suffix: string): Last {
    const extension = suffix.includes('.') ? suffix.slice(suffix.lastIndexOf('.')) : '';
    const suffixes = this.#suffixes.get(extension) ?? new Map<string, Last>();
    this.#suffixes.set(extension, suffixes);
    if (!suffixes.has(suffix)) this.#wildcardBytes++;
    return lastIn(suffixes, suffix);
  }
}

function lastIn(map: Map<string, Last>, key: string): Last {
  const known = map.get(key) ?? { file: NONE, directory: NONE };
  map.set(key, known);
  return known;
}

function lastOfPath(paths: PathTree, path: string): Last {
  let at = paths;
  for (const segment of path.split('/')) {
    const below = at.below.get(segment) ?? new PathTree();
    at.below.set(segment, below);
    at = below;
  }
  return (at.last ??= { file: NONE, directory: NONE });
}

function rise(last: Last | undefined, rank: number, { directoriesOnly }: Pattern): void {
  if (!last) return;
  last.directory = rank;
  if (!directoriesOnly) last.file = rank;
}
