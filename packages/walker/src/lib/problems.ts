import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { Problem } from './types.js';

const NOT_PERMITTED = new Set(['EACCES', 'EPERM']);
/** Codes of a path whose entry, or a directory above it, has been renamed, removed or replaced. */
const MOVED = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Returns the system's code of an error, `EUNKNOWN` where it has none. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'EUNKNOWN';
}

/** Returns whether an error means that the path leads elsewhere by now, and its directory must be listed again. */
export function isMoved(error: unknown): boolean {
  return MOVED.has(codeOf(error));
}

/** Returns the problem that an error is for a walk. Shortage (`EMFILE`, `ENOMEM`) is never taken for absence. */
export function problemOf(path: string, operation: string, error: unknown): Problem {
  const code = codeOf(error);
  return { path, kind: kindOfCode(code), operation, code, message: reasonOf(error as Partial<Error>) };
}

/** Returns the problem that a system's error number is for a walk. */
export function systemProblem(path: string, operation: string, errno: number): Problem {
  const [code, message] = getSystemErrorMap().get(-errno) ?? [nameOf(errno), `system error ${errno}`];
  return { path, kind: kindOfCode(code), operation, code, message };
}

/** Returns the system's number of an error, positive. Throws the error itself where it is none of the system's. */
export function errnoOf(error: unknown): number {
  const { errno, code } = error as NodeJS.ErrnoException;
  if (typeof errno === 'number') return Math.abs(errno);
  // Node's permission model denies with a code of its own.
  const wanted = code === 'ERR_ACCESS_DENIED' ? 'EACCES' : code;
  for (const [number, [name]] of getSystemErrorMap()) if (name === wanted) return -number;
  const other = Object.entries(constants.errno).find(([name]) => name === wanted);
  if (!other) throw error;
  return other[1];
}

/** Returns the name of an error number that Node has no words for, such as `ESTALE`. */
function nameOf(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? 'EUNKNOWN';
}

/** Returns the problem that a directory is when it was replaced each time it was listed. */
export function tornDirectory(path: string): Problem {
  const message = 'the directory was replaced each time it was listed';
  return { path, kind: 'torn', operation: 'readdir', code: 'ETORN', message };
}

/** Returns the problem that rules are which are not obeyed: one of the root, for they need not be below it. */
export function notTrusted(file: string, uid: number): Problem {
  const owner = String(uid);
  const message = `${JSON.stringify(file)} belongs to another user, so it is not obeyed (--trust-owner ${owner} obeys it)`;
  return { path: '', kind: 'not-trusted', operation: 'trust', code: 'EOWNER', message };
}

/** Returns the problem that a file of rules is which is not below the root. */
export function problemElsewhere(file: string, code: string, reason: string): Problem {
  return { ...problemOf('', 'open', { code }), message: `${JSON.stringify(file)}: ${reason}` };
}

function kindOfCode(code: string): Problem['kind'] {
  if (NOT_PERMITTED.has(code) || MOVED.has(code)) return 'unreadable';
  return code === 'ENAMETOOLONG' ? 'path-too-long' : 'io-error';
}

/** Node writes `EACCES: permission denied, open '/x'`: the middle is what the system said. */
function reasonOf({ message = '' }: Partial<Error>): string {
  return /^[A-Z0-9]+: (.*?), [a-z]+(?: '|$)/s.exec(message)?.[1] ?? message;
}
