import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseTreePath } from '@muse/paths';
import { problemOf, systemProblem, tornDirectory } from '../problems.js';
import { systemCalls } from '../scan/calls.js';
import { scanBatch } from '../scan/engine.js';
import { DIRECTORY, FAILED, listingsIn, SKIPPED_BY_ENGINE, type Listing } from '../scan/reply.js';
import type { LeftOutKind, WalkedStat, WalkProblem } from '../types.js';
import { identityBelow } from './identity-below.js';
import { resolveRoot } from './resolve-root.js';

/** An entry of a directory with its stat. */
export interface ListedEntry {
  /** One segment of a tree path. */
  readonly name: string;
  readonly stat: WalkedStat;
}

/** What one directory holds. */
export interface DirectoryListing {
  /** Regular files, in the order of their names' bytes. */
  readonly files: readonly ListedEntry[];
  /** Directories, in the order of the paths below them. */
  readonly directories: readonly ListedEntry[];
  /** What is neither, and the reserved names `.muse` and `.git`. */
  readonly leftOut: readonly LeftOutKind[];
  /** What could not be listed or statted, with tree paths; when empty, the listing is complete. */
  readonly problems: readonly WalkProblem[];
}

/**
 * Lists one directory below a root, `''` for the root itself, with the stat of each entry. It does not descend and
 * follows no link below the root; a directory that cannot be listed is a problem in the result. Rejects when the root
 * is no directory, and with a `SyntaxError` when the path is no tree path.
 */
export async function listDirectory(root: string, path: string): Promise<DirectoryListing> {
  if (path !== '') parseTreePath(path);
  const resolved = await resolveRoot(root);
  await nextTurn();
  let identity;
  try {
    identity = identityBelow(resolved, path);
  } catch (error) {
    return nothing([problemOf(path, 'readdir', error)]);
  }
  const slice = { from: 0, to: 0 };
  const directories = [{ path, ...identity, slice }];
  const [listing] = listingsIn(scanBatch(systemCalls, { root: resolved.root, directories }));
  switch (listing?.outcome) {
    case 'listed':
      return listingOf(path, listing);
    case 'failed':
      return nothing([systemProblem(path, listing.operation, listing.errno)]);
    default:
      return nothing([tornDirectory(path)]);
  }
}

function listingOf(path: string, listing: Listing): DirectoryListing {
  const files: ListedEntry[] = [];
  const directories: ListedEntry[] = [];
  const problems: WalkProblem[] = [];
  const prefix = path === '' ? '' : `${path}/`;
  for (let entry = 0, names = listing.names; entry < listing.length; entry++, names.next()) {
    const match = listing.match(entry);
    const name = names.text;
    if (match === FAILED) problems.push(systemProblem(prefix + name, 'lstat', listing.failure(entry).errno));
    else (match === DIRECTORY ? directories : files).push({ name, stat: listing.stat(entry).copy() });
  }
  const leftOut = SKIPPED_BY_ENGINE.flatMap((kind, i) =>
    Array.from({ length: listing.skipped(i) }, () => kind),
  );
  return { files, directories, leftOut, problems };
}

function nothing(problems: readonly WalkProblem[]): DirectoryListing {
  return { files: [], directories: [], leftOut: [], problems };
}
