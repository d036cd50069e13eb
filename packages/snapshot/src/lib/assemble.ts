import { compareTreePaths, PathSet, withPath } from '@muse/paths';
import type { MissReason, ObjectId } from '@muse/stat-cache';
import {
  countLeftOut,
  directoriesOf,
  FILE,
  noneLeftOut,
  runsOf,
  SizeView,
  type DirectoryNode,
  type Listing,
  type Run,
} from '@muse/walker/scan';
import type { Breather } from './breather.js';
import type { DirectoryIds } from './directory-ids.js';
import { SnapshotIdHasher } from './snapshot-id.js';
import type { Problem, SnapshotStats } from './types.js';

/** What a scanned and hashed tree comes to. */
export interface Assembled {
  readonly id: ObjectId;
  readonly problems: readonly Problem[];
  /** Stored lines that a file was found for. */
  readonly matched: number;
  readonly counts: Pick<SnapshotStats, 'files' | 'bytes' | 'directories' | 'hits' | 'misses' | 'leftOut'>;
}

/** How a tree is put together. */
export interface AssembleOptions {
  readonly breather: Breather;
  readonly signal?: AbortSignal | undefined;
  /** Called with each entry of the manifest, in path order. */
  readonly onEntry?: ((path: string, id: ObjectId) => void) | undefined;
}

/** Makes the snapshot id of a tree, and counts what is in it. All paths in the result begin where the tree does. */
export async function assemble(
  root: DirectoryNode<DirectoryIds>,
  { breather, signal, onEntry }: AssembleOptions,
): Promise<Assembled> {
  const start = root.prefix.length;
  const assembly = new Assembly(start, onEntry);
  for (const run of runsOf(root)) {
    assembly.add(run);
    const turn = breather.step(run.to - run.from);
    if (turn) {
      await turn;
      signal?.throwIfAborted();
    }
  }
  const { files, bytes, nowhere } = assembly;
  const fromStart = (problem: Problem): Problem => ({ ...problem, path: problem.path.slice(start) });
  const { problems, directories, misses, surplus, matched } = collect(root);
  const leftOut = noneLeftOut();
  countLeftOut(root, leftOut);
  const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
  return {
    id: assembly.digest(),
    matched,
    problems: allNamed(start === 0 ? problems : problems.map(fromStart), nowhere),
    counts: {
      files,
      bytes: bytes + surplus,
      directories,
      hits: files + nowhere.length - missed,
      misses,
      leftOut,
    },
  };
}

/** The files of a tree, while they are put together. Of a class, and not asynchronous, since V8 compiles that in half the time. */
class Assembly {
  files = 0;
  bytes = 0;
  /** Paths of files that have no object id. */
  readonly nowhere: string[] = [];
  readonly #hasher = new SnapshotIdHasher();
  readonly #start: number;
  readonly #onEntry: AssembleOptions['onEntry'];

  /** The first `start` characters of a path are no part of it. */
  constructor(start: number, onEntry: AssembleOptions['onEntry']) {
    this.#start = start;
    this.#onEntry = onEntry;
  }

  /** Takes what comes next in path order. */
  add({ directory, listing, from, to }: Run<DirectoryIds>): void {
    const { names, kinds, stats } = listing;
    const ids = directory.value;
    const prefix = directory.prefix.slice(this.#start);
    const sizes = new SizeView(stats);
    this.#hasher.enter(prefix);
    for (let i = from; i < to; i++) {
      if (kinds[i] !== FILE) continue;
      const name = names[i] ?? '';
      if (this.#addFile(prefix, name, ids, listing, i)) {
        this.files++;
        this.bytes += sizes.at(i);
      } else {
        this.nowhere.push(prefix + name);
      }
    }
  }

  /** Returns the snapshot id of all that was added. */
  digest(): ObjectId {
    return this.#hasher.digest();
  }

  /** Returns false for a file without an object id. */
  #addFile(
    prefix: string,
    name: string,
    ids: DirectoryIds | undefined,
    listing: Listing,
    index: number,
  ): boolean {
    const stored = ids?.storedAt(listing, index) ?? 0;
    if (stored > 0 && ids?.lines && !this.#onEntry) {
      this.#hasher.addStored(name, ids.lines, stored);
      return true;
    }
    const id = ids?.idOf(listing, index);
    if (id === undefined) return false;
    this.#hasher.add(name, id);
    this.#onEntry?.(prefix + name, id);
    return true;
  }
}

/** Returns the manifest of a tree, put together in one go: some 0.5 µs a file. */
export function manifestOf(root: DirectoryNode<DirectoryIds>): Map<string, ObjectId> {
  let manifest = new Map<string, ObjectId>();
  const start = root.prefix.length;
  for (const { directory, listing, from, to } of runsOf(root)) {
    const prefix = directory.prefix.slice(start);
    for (let i = from; i < to; i++) {
      if (listing.kinds[i] !== FILE) continue;
      const id = directory.value?.idOf(listing, i);
      if (id !== undefined) manifest = withPath(manifest, prefix + (listing.names[i] ?? ''), id);
    }
  }
  return manifest;
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
  const named = new PathSet(problems.map(({ path }) => path));
  const unnamed = nowhere.filter((path) => !named.has(path)).map(unread);
  return [...problems, ...unnamed].sort((a, b) => compareTreePaths(a.path, b.path));
}

function unread(path: string): Problem {
  const message = 'it was replaced each time it was read';
  return { path, kind: 'torn', operation: 'read', code: 'ETORN', message };
}
