import { MovedFileError, NotRegularFileError, TornFileError } from '@muse/stat-cache';
import { isMoved, problemOf } from '@muse/walker/scan';
import type { Problem } from './types.js';

/** Why a file has no object id. */
export interface HashFailure {
  /** True when the path leads elsewhere by now: its directory has to be listed again before this is a problem. */
  readonly moved: boolean;
  readonly problem: Problem;
}

/** Returns what an error from hashing a file means for a snapshot. */
export function failureOf(path: string, error: unknown): HashFailure {
  if (error instanceof TornFileError) {
    return { moved: false, problem: tornProblem(path, 'it changed each time it was read') };
  }
  if (error instanceof MovedFileError || error instanceof NotRegularFileError) {
    return { moved: true, problem: tornProblem(path, 'it was replaced each time it was read') };
  }
  const operation = (error as NodeJS.ErrnoException | undefined)?.syscall ?? 'read';
  return { moved: isMoved(error), problem: problemOf(path, operation, error) };
}

function tornProblem(path: string, message: string): Problem {
  return { path, kind: 'torn', operation: 'read', code: 'ETORN', message };
}
