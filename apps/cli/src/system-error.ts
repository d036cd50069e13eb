import { getSystemErrorMap } from 'node:util';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';

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
