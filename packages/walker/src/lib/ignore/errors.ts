import type { IgnoreRule } from '../types.js';

/** A place in a file, both numbers counted from 1; columns in UTF-16 units, as editors do. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Thrown for a pattern that is too long, or exceeds the number allowed. */
export class IgnorePatternError extends Error {
  override readonly name = 'IgnorePatternError';
  readonly code = 'EMUSEIGNORE';
  readonly rule: IgnoreRule;
  /** The reason, for a message that names the pattern's place itself. */
  readonly reason: string;

  constructor(rule: IgnoreRule, reason: string) {
    super(`Cannot use the pattern ${JSON.stringify(short(rule.pattern))}: ${reason}`);
    this.rule = rule;
    this.reason = reason;
  }
}

/** Thrown if ignore rules cannot be read or understood: list nothing until somebody has fixed them. */
export class IgnoreFileError extends Error {
  override readonly name = 'IgnoreFileError';
  readonly code = 'EMUSEIGNORE';
  /** The file to fix. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;

  /** `action` begins the message, up to the word before the file. */
  constructor(
    action: string,
    file: string,
    reason: string,
    options: { at?: TextPosition; cause?: unknown } = {},
  ) {
    const { at, ...rest } = options;
    const place = at === undefined ? '' : `line ${String(at.line)}, column ${String(at.column)}: `;
    super(`${action} ${JSON.stringify(file)}: ${place}${reason}`, rest);
    this.file = file;
    if (at !== undefined) {
      this.line = at.line;
      this.column = at.column;
    }
  }
}

/** Returns the beginning of a text that may be too long for a message. */
export function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
