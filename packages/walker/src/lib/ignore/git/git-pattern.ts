import { compileGlob } from './glob.js';

/** One line of a `.gitignore`, compiled; all texts have one character for each byte. */
export interface GitPattern {
  /** As it is written, without the spaces at its end. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** Whether it takes back in what an earlier one leaves out. */
  readonly negative: boolean;
  readonly directoriesOnly: boolean;
  readonly match: GitMatch;
}

/** What a pattern is compared with, and how. A name is the last segment; a path is relative to the file's directory. */
export type GitMatch =
  | { readonly kind: 'name' | 'suffix' | 'path'; readonly text: string }
  | { readonly kind: 'name-glob'; readonly glob: RegExp }
  | { readonly kind: 'path-glob'; readonly prefix: string; readonly glob: RegExp };

/** Reads the patterns of a `.gitignore`; lines that can match nothing are left out. */
export function parseGitIgnore(text: string): GitPattern[] {
  const patterns: GitPattern[] = [];
  const lines = text.replace(/^\xef\xbb\xbf/, '').split('\n');
  for (const [index, raw] of lines.entries()) {
    if (raw.startsWith('#')) continue;
    const pattern = parseLine(lineText(raw), index + 1);
    if (pattern) patterns.push(pattern);
  }
  return patterns;
}

/** Git's lines end in LF or CRLF, and at a NUL; of white space only spaces at the end, not escaped, are no part of them. */
function lineText(raw: string): string {
  const text = raw.replace(/\r$/, '').replace(/\0[^]*$/, '');
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

function parseLine(text: string, line: number): GitPattern | undefined {
  const negative = text.startsWith('!');
  const written = negative ? text.slice(1) : text;
  const directoriesOnly = written.endsWith('/');
  const body = directoriesOnly ? written.slice(0, -1) : written;
  const match = body.includes('/') ? matchPath(body.replace(/^\//, '')) : matchName(body);
  return match && { text, line, negative, directoriesOnly, match };
}

const firstWildcard = /[*?[\\]/;

function matchName(body: string): GitMatch | undefined {
  if (body === '') return undefined;
  if (!firstWildcard.test(body)) return { kind: 'name', text: body };
  if (body.startsWith('*') && !firstWildcard.test(body.slice(1))) {
    return { kind: 'suffix', text: body.slice(1) };
  }
  const glob = compileGlob(body, { path: false });
  return glob && { kind: 'name-glob', glob };
}

function matchPath(body: string): GitMatch | undefined {
  const at = body.search(firstWildcard);
  if (at < 0) return body === '' ? undefined : { kind: 'path', text: body };
  const glob = compileGlob(body.slice(at), { path: true });
  return glob && { kind: 'path-glob', prefix: body.slice(0, at), glob };
}
