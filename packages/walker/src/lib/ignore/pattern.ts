import { treePathFromBytes } from '@muse/paths';
import type { IgnoreRule } from '../types.js';
import { byteText } from './byte-text.js';
import { IgnorePatternError } from './ignore-pattern-error.js';

/** One line of a list of patterns, as git reads it. All texts have one character for each byte. */
export interface Pattern {
  /** What is matched: without the `!` in front, and without a slash at either end. */
  readonly body: string;
  /** Whether it takes back in what an earlier one leaves out. */
  readonly negative: boolean;
  readonly directoriesOnly: boolean;
  /** Whether it is matched with the path from the directory of the list; otherwise with a name at any depth. */
  readonly anchored: boolean;
  readonly rule: IgnoreRule;
}

/**
 * Reads patterns, of which each is one line. What is blank or a comment is none.
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
