import type { WalkProblem } from './types.js';

const NOT_PERMITTED = new Set(['EACCES', 'EPERM']);
/** What a path answers when the entry, or a directory above it, has been renamed, removed or replaced. */
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
export function problemOf(path: string, operation: string, error: unknown): WalkProblem {
  const code = codeOf(error);
  return { path, kind: kindOfCode(code), operation, code, message: reasonOf(error as Partial<Error>) };
}

/** Returns the problem that a directory is when it was replaced each time it was listed. */
export function tornDirectory(path: string): WalkProblem {
  const message = 'the directory was replaced each time it was listed';
  return { path, kind: 'torn', operation: 'readdir', code: 'ETORN', message };
}

/** Returns the problem that rules are which are not obeyed: one of the root, for they need not be below it. */
export function notTrusted(file: string, uid: number): WalkProblem {
  const owner = String(uid);
  const message = `${JSON.stringify(file)} belongs to another user, so it is not obeyed (--trust-owner ${owner} obeys it)`;
  return { path: '', kind: 'not-trusted', operation: 'trust', code: 'EOWNER', message };
}

/** Returns the problem that a file of rules is which is not below the root. */
export function problemElsewhere(file: string, code: string, reason: string): WalkProblem {
  return { ...problemOf('', 'open', { code }), message: `${JSON.stringify(file)}: ${reason}` };
}

function kindOfCode(code: string): WalkProblem['kind'] {
  if (NOT_PERMITTED.has(code) || MOVED.has(code)) return 'unreadable';
  return code === 'ENAMETOOLONG' ? 'path-too-long' : 'io-error';
}

/** Node writes `EACCES: permission denied, open '/x'`: the middle is what the system said. */
function reasonOf({ message = '' }: Partial<Error>): string {
  return /^[A-Z0-9]+: (.*?), [a-z]+(?: '|$)/s.exec(message)?.[1] ?? message;
}
