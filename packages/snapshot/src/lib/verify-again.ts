import {
  asyncCalls,
  hashBelow,
  MovedFileError,
  NotRegularFileError,
  TornFileError,
  type FileStat,
  type HashedFile,
} from '@muse/stat-cache';
import { listDirectory, type DirectoryListing } from '@muse/walker';
import { isMoved, problemOf } from '@muse/walker/scan';
import { byDirectory } from './by-directory.js';
import { torn } from './hash-misses.js';
import type { Problem } from './types.js';

/** What a second reading of a file gave; `gone` when there is no regular file any more. */
export type SecondReading = { readonly hashed: HashedFile } | { readonly problem: Problem } | 'gone';

/** How often a file that is replaced before it can be read is listed again. */
const TRIES = 3;

/**
 * Lists and reads files once more, one after the other, whatever is known of them. As in a snapshot no link is followed,
 * and only the inode that was listed is read. Rejects with the reason of `signal`, and when the root is gone.
 */
export async function* readAgain(
  root: string,
  paths: Iterable<string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly [path: string, reading: SecondReading]> {
  for (const [directory, files] of byDirectory(paths)) {
    let waiting = files;
    for (let tries = 1; waiting.length > 0; tries++) {
      signal?.throwIfAborted();
      const listing = await listDirectory(root, directory);
      const stats = new Map(listing.files.map(({ name, stat }) => [name, stat]));
      const moved: string[] = [];
      for (const path of waiting) {
        const stat = stats.get(path.slice(path.lastIndexOf('/') + 1));
        const reading = stat ? await readListed(root, path, stat, signal) : unlisted(listing, path);
        if (reading === 'gone' || 'hashed' in reading) yield [path, reading];
        else if ('moved' in reading && reading.moved && tries < TRIES) moved.push(path);
        else yield [path, { problem: reading.problem }];
      }
      waiting = moved;
    }
  }
}

/** Why a file has no object id. */
interface HashFailure {
  /** Whether the path leads elsewhere by now: its directory has to be listed again before this is a problem. */
  readonly moved: boolean;
  readonly problem: Problem;
}

async function readListed(
  root: string,
  path: string,
  listed: FileStat,
  signal: AbortSignal | undefined,
): Promise<{ readonly hashed: HashedFile } | HashFailure> {
  try {
    return { hashed: await hashBelow(asyncCalls, root, path, { listed, signal }) };
  } catch (error) {
    signal?.throwIfAborted();
    return failureOf(path, error);
  }
}

function failureOf(path: string, error: unknown): HashFailure {
  if (error instanceof TornFileError) {
    return { moved: false, problem: torn(path, 'it changed each time it was read') };
  }
  if (error instanceof MovedFileError || error instanceof NotRegularFileError) {
    return { moved: true, problem: torn(path, 'it was replaced each time it was read') };
  }
  const operation = (error as NodeJS.ErrnoException | undefined)?.syscall ?? 'read';
  return { moved: isMoved(error), problem: problemOf(path, operation, error) };
}

/** What the system answers where a directory was, and is no more. */
const NOT_THERE = ['ENOENT', 'ENOTDIR'];

/** Tells a file that is gone from one that may be there, behind a problem of its own or of its directory. */
function unlisted({ problems }: DirectoryListing, path: string): 'gone' | { readonly problem: Problem } {
  const directory = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  const problem = problems.find((found) => found.path === path || found.path === directory);
  return problem === undefined || NOT_THERE.includes(problem.code) ? 'gone' : { problem };
}
