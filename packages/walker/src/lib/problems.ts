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
  return { path, kind: kindOfCode(code), operation, code, message: reasonOf(error as Error) };
}

/** Returns the problem that a directory is when it was replaced each time it was listed. */
export function tornDirectory(path: string): WalkProblem {
  const message = 'the directory was replaced each time it was listed';
  return { path, kind: 'torn', operation: 'readdir', code: 'ETORN', message };
}

function kindOfCode(code: string): WalkProblem['kind'] {
  if (NOT_PERMITTED.has(code) || MOVED.has(code)) return 'unreadable';
  return code === 'ENAMETOOLONG' ? 'path-too-long' : 'io-error';
}

/** Node writes `EACCES: permission denied, open '/x'`: the middle is what the system said. */
function reasonOf({ message }: Error): string {
  return /^[A-Z0-9]+: (.*?), [a-z]+(?: '|$)/s.exec(message)?.[1] ?? message;
}
