import { compareTreePaths } from '@muse/paths';
import type { MissReason, ObjectId } from '@muse/stat-cache';
import {
  countLeftOut,
  directoriesOf,
  filesOf,
  noneLeftOut,
  StatView,
  type DirectoryNode,
  type ScannedFile,
} from '@muse/walker/scan';
import type { Breather } from './breather.js';
import type { DirectoryIds } from './lookup-directory.js';
import { SnapshotIdHasher } from './snapshot-id.js';
import type { Manifest, Problem, SnapshotStats } from './types.js';

/** What a scanned and hashed tree comes to. */
export interface Assembled {
  readonly id: ObjectId;
  readonly manifest: Manifest;
  readonly problems: readonly Problem[];
  /** Stored lines that a file was found for. */
  readonly matched: number;
  readonly counts: Pick<SnapshotStats, 'files' | 'bytes' | 'directories' | 'hits' | 'misses' | 'leftOut'>;
}

/** Puts the manifest together in path order, with its id, and counts. */
export async function assemble(
  root: DirectoryNode<DirectoryIds>,
  breather: Breather,
  signal: AbortSignal | undefined,
): Promise<Assembled> {
  const manifest = new Map<string, ObjectId>();
  const hasher = new SnapshotIdHasher();
  const nowhere: string[] = [];
  let bytes = 0;
  for (const file of filesOf(root)) {
    const id = idOf(file);
    if (id === undefined) {
      nowhere.push(file.path);
      continue;
    }
    manifest.set(file.path, id);
    hasher.add(file.path, id);
    bytes += Number(new StatView(file.listing.stats, file.index).size);
    const turn = breather.step();
    if (turn) {
      await turn;
      signal?.throwIfAborted();
    }
  }
  const { problems, directories, misses, surplus, matched } = collect(root);
  const leftOut = noneLeftOut();
  countLeftOut(root, leftOut);
  const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
  return {
    id: hasher.digest(),
    manifest,
    matched,
    problems: allNamed(problems, nowhere),
    counts: {
      files: manifest.size,
      bytes: bytes + surplus,
      directories,
      hits: manifest.size + nowhere.length - missed,
      misses,
      leftOut,
    },
  };
}

function idOf({ directory, listing, index }: ScannedFile<DirectoryIds>): ObjectId | undefined {
  return directory.value?.ids[index - listing.from];
}

function collect(root: DirectoryNode<DirectoryIds>) {
  const misses: Record<MissReason, number> = {
    new: 0,
    size: 0,
    mtime: 0,
    ctime: 0,
    inode: 0,
    racy: 0,
    'cache-reset': 0,
  };
  const problems: Problem[] = [];
  let directories = 0;
  let matched = 0;
  // What was read of a file may be more or less than its size said.
  let surplus = 0;
  for (const node of directoriesOf(root)) {
    if (node.listing) directories++;
    problems.push(...node.problems);
    matched += node.value?.matched ?? 0;
    for (const problem of node.value?.problems ?? []) problems.push(problem);
    for (const { reason, size, bytes } of node.value?.misses ?? []) {
      misses[reason]++;
      surplus += bytes - size;
    }
  }
  return { problems, directories, misses, surplus, matched };
}

/** The last word of the first promise: a file without an object id is a problem, whatever the reason that led there. */
function allNamed(problems: readonly Problem[], nowhere: readonly string[]): Problem[] {
  const named = new Set(problems.map(({ path }) => path));
  const unnamed = nowhere.filter((path) => !named.has(path)).map(unread);
  return [...problems, ...unnamed].sort((a, b) => compareTreePaths(a.path, b.path));
}

function unread(path: string): Problem {
  const message = 'it was replaced each time it was read';
  return { path, kind: 'torn', operation: 'read', code: 'ETORN', message };
}
