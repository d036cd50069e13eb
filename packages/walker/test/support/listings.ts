import { systemProblem } from '../../src/lib/problems.js';
import {
  DIRECTORY,
  FAILED,
  isFile,
  LEFT_OUT,
  SKIPPED_BY_ENGINE,
  type Listing,
  type ScanOutcome,
} from '../../src/lib/scan/reply.js';
import type { LeftOutKind, Problem } from '../../src/lib/types.js';

/** A listing as a test can compare it. */
export interface Shown {
  readonly outcome: ScanOutcome;
  readonly names: string[];
  readonly kinds: ('file' | 'directory' | 'left out')[];
  readonly inodes: bigint[];
  readonly leftOut: LeftOutKind[];
  readonly problems: Problem[];
}

/** Shows the listing of the directory with a tree path; what could not be statted is among the problems alone. */
export function show(listing: Listing, path: string): Shown {
  const { outcome, errno, operation } = listing;
  const failed = outcome === 'failed' || (outcome === 'moved' && errno !== 0);
  const shown: Shown = {
    outcome,
    names: [],
    kinds: [],
    inodes: [],
    leftOut: SKIPPED_BY_ENGINE.flatMap((kind, i) => Array.from({ length: listing.skipped(i) }, () => kind)),
    problems: failed ? [systemProblem(path, operation, errno)] : [],
  };
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    const { match, name } = cursor;
    if (match === FAILED) {
      const at = path === '' ? name : `${path}/${name}`;
      shown.problems.push(systemProblem(at, 'lstat', cursor.failure.errno));
      continue;
    }
    shown.names.push(name);
    if (match === LEFT_OUT) shown.kinds.push('left out');
    else shown.kinds.push(match === DIRECTORY ? 'directory' : isFile(match) ? 'file' : 'left out');
    shown.inodes.push(cursor.stat.ino);
  }
  return shown;
}
