import { setImmediate as nextTurn } from 'node:timers/promises';
import { lstat } from 'node:fs/promises';
import { toNativePath } from '@muse/paths';
import { FILE } from './kinds.js';
import { PackedStats, StatView } from './packed-stats.js';
import { problemOf } from './problems.js';
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
 * follows no link; a directory that cannot be listed is a problem in the result.
 */
export async function listDirectory(root: string, path: string): Promise<DirectoryListing> {
  const stats = new PackedStats();
  const files: ListedEntry[] = [];
  const directories: ListedEntry[] = [];
  let identity;
  try {
    identity = await lstat(toNativePath(root, path), { bigint: true });
  } catch (error) {
    return { files, directories, leftOut: [], problems: [problemOf(path, 'lstat', error)] };
  }
  await nextTurn();
  const scanned = scanDirectory(systemCalls, root, { path, dev: identity.dev, ino: identity.ino }, stats);
  const fields = stats.take();
  for (const [index, name] of scanned.names.entries()) {
    const entry = { name, stat: new StatView(fields, index).copy() };
    if (scanned.kinds[index] === FILE) files.push(entry);
    else directories.push(entry);
  }
  const problems = [...scanned.problems];
  if (scanned.outcome === 'moved' && problems.length === 0) {
    problems.push(
      problemOf(path, 'readdir', Object.assign(new Error('it was replaced meanwhile'), { code: 'ETORN' })),
    );
  }
  return { files, directories, leftOut: scanned.leftOut, problems };
}
