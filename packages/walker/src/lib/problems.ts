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

/** Returns true if an error means that the path leads elsewhere now, so that its directory must be listed again. */
export function isMoved(error: unknown): boolean {
  return MOVED.has(codeOf(error));
}

/** Returns an error as a problem of a walk. Shortage (`EMFILE`, `ENOMEM`) is never taken for absence. */
export function problemOf(path: string, operation: string, error: unknown): Problem {
  const code = codeOf(error);
  return { path, kind: kindOfCode(code), operation, code, message: reasonOf(error as Partial<Error>) };
}

/** Returns an error number of the system as a problem of a walk. */
export function systemProblem(path: string, operation: string, errno: number): Problem {
  const [code, message] = getSystemErrorMap().get(-errno) ?? [nameOf(errno), `system error ${errno}`];
  return { path, kind: kindOfCode(code), operation, code, message };
}

/** Returns the system's number of an error, positive. Rethrows an error that is not the system's. */
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

/** Returns the problem of a directory that was replaced each time it was listed. */
export function tornDirectory(path: string): Problem {
  const message = 'the directory was replaced each time it was listed';
  return { path, kind: 'torn', operation: 'readdir', code: 'ETORN', message };
}

/** Returns the problem of rules that are not obeyed. It is one of the root, since they may lie above it. */
export function notTrusted(file: string, uid: number): Problem {
  const owner = String(uid);
  const message = `${JSON.stringify(file)} belongs to another user, so it is not obeyed (--trust-owner ${owner} obeys it)`;
  return { path: '', kind: 'not-trusted', operation: 'trust', code: 'EOWNER', message };
}

/** Returns the problem of a file of rules that is not below the root. */
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
