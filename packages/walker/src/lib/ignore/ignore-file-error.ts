import type { IgnorePatternError } from './ignore-pattern-error.js';

/** Where in a file a problem is, both counted from 1; columns in UTF-16 units, as editors do. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** The ignore rules of a working tree cannot be read: nothing should be listed until a person has mended them. */
export class IgnoreFileError extends Error {
  override readonly name = 'IgnoreFileError';
  readonly code = 'EMUSEIGNORE';
  /** The file to mend. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;

  /** `action` is what cannot be done, up to the word before the file. */
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

/** Returns the error for a file that holds a pattern which cannot be used. */
export function fileErrorOf(cause: IgnorePatternError, at?: TextPosition): Error {
  const { file, line } = cause.rule;
  if (file === undefined) return cause;
  const where = at ?? (line === undefined ? undefined : { line, column: 1 });
  return new IgnoreFileError('Cannot read ignore rules from', file, cause.reason, {
    cause,
    ...(where && { at: where }),
  });
}
