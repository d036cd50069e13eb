import { getSystemErrorMap } from 'node:util';

/** The exit codes of `muse`; `muse --help` and the README print the same table. */
export const ExitCode = {
  done: 0,
  /** Done, and what was looked for is there: files that differ. */
  differences: 1,
  /** Wrong usage, or a broken configuration file. */
  usage: 2,
  /** Done, but not for everything that was asked for: each gap is named on stderr. */
  incomplete: 3,
  failed: 4,
  /** 128 + SIGPIPE, as a shell shows for any other program whose reader went away. */
  readerGone: 141,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An end that the user can understand and act on, told in one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  /** Advice on what to do about it. */
  readonly advice: string | undefined;

  constructor(exitCode: ExitCode, message: string, advice?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.advice = advice;
  }

  /** All of it, as a person reads it. */
  get line(): string {
    return this.advice === undefined ? this.message : `${this.message}; ${this.advice}`;
  }
}

/** An end that needs no words: whoever read the answer went away. */
export class SilentExit extends Error {
  override readonly name = 'SilentExit';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`Exit with code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Makes the error for a command line that says nothing sensible. */
export function usageError(message: string, advice?: string): CommandError {
  return new CommandError(ExitCode.usage, message, advice);
}

/** Returns the exit code for whatever ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof CommandError || error instanceof SilentExit ? error.exitCode : ExitCode.failed;
}

/** Makes the error for something the system refused: what was being done (path included), its words, and advice. */
export function systemFailure(doing: string, error: unknown, advice = adviceFor(error)): CommandError {
  return new CommandError(ExitCode.failed, `${doing}: ${systemReason(error)}`, advice, error);
}

/** Returns what the system said, such as `permission denied (EACCES)`; of any other error the first line. */
export function systemReason(error: unknown): string {
  const code = errorCode(error);
  const words = code === undefined ? undefined : wordsFor(code);
  if (words !== undefined) return `${words} (${String(code)})`;
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}

/** Returns the `code` of an error, where it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function wordsFor(code: string): string | undefined {
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return words;
  return undefined;
}

const advices = new Map([
  ['EACCES', 'check its permissions'],
  ['EPERM', 'check its permissions'],
  ['ENOENT', 'check the spelling'],
  ['ENOTDIR', 'name a directory'],
  ['ELOOP', 'check where the symbolic links lead'],
  ['ENOSPC', 'make room and try again'],
  ['EDQUOT', 'make room and try again'],
  ['EFBIG', 'raise the limit on file sizes (ulimit -f) and try again'],
  ['EROFS', 'choose a place that can be written to'],
  ['EMFILE', 'raise the limit on open files (ulimit -n) and try again'],
  ['ENFILE', 'close some programs and try again'],
  ['ENOMEM', 'close some programs and try again'],
  ['EIO', 'check the disk'],
]);

function adviceFor(error: unknown): string | undefined {
  const code = errorCode(error);
  return code === undefined ? undefined : advices.get(code);
}
