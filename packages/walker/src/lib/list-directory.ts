import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseTreePath } from '@muse/paths';
import { FILE } from './kinds.js';
import { PackedStats, StatView } from './packed-stats.js';
import { problemOf, tornDirectory } from './problems.js';
import { identityBelow } from './identity-below.js';
import { resolveRoot } from './resolve-root.js';
import { systemCalls } from './scan-calls.js';
import { scanDirectory } from './scan-directory.js';
import type { LeftOutKind, WalkedStat, WalkProblem } from './types.js';

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
  const { dev, ino } = identity;
  const stats = new PackedStats();
  const scanned = scanDirectory(systemCalls, resolved.root, { path, dev, ino }, stats);
  if (scanned.outcome === 'failed') return nothing(scanned.problems);
  if (scanned.outcome === 'moved') return nothing([tornDirectory(path)]);
  const files: ListedEntry[] = [];
  const directories: ListedEntry[] = [];
  const fields = stats.take();
  for (const [index, name] of scanned.names.entries()) {
    const entry = { name, stat: new StatView(fields, index).copy() };
    if (scanned.kinds[index] === FILE) files.push(entry);
    else directories.push(entry);
  }
  return { files, directories, leftOut: scanned.leftOut, problems: scanned.problems };
}

function nothing(problems: readonly WalkProblem[]): DirectoryListing {
  return { files: [], directories: [], leftOut: [], problems };
}
