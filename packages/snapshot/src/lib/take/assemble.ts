import { compareTreePaths, PathSet, withPath } from '@muse/paths';
import type { MissReason, ObjectId } from '@muse/stat-cache';
import {
  countLeftOut,
  directoriesOf,
  type DirectoryNode,
  entriesInPathOrder,
  isFile,
  type Run,
} from '@muse/walker/scan';
import { SnapshotIdHasher } from '../manifest/manifest.js';
import type { DirectoryFiles } from './directory-files.js';
import type { Problem, SnapshotStats } from '../types.js';
import type { Yielder } from '../yielder.js';

/** What a listed and hashed tree comes to. */
export interface Assembled {
  readonly id: ObjectId;
  readonly problems: readonly Problem[];
  readonly counts: Pick<SnapshotStats, 'files' | 'bytes' | 'directories' | 'hits' | 'misses' | 'leftOut'>;
}

/** How a tree is put together. */
export interface AssembleOptions {
  readonly yielder: Yielder;
  readonly signal?: AbortSignal | undefined;
  /** Called with each entry of the manifest, in path order. */
  readonly onEntry?: ((path: string, id: ObjectId) => void) | undefined;
}

/** Makes the snapshot id of a tree, and counts what is in it. All paths in the result begin where the tree does. */
export async function assemble(
  top: DirectoryNode<DirectoryFiles>,
  { yielder, signal, onEntry }: AssembleOptions,
): Promise<Assembled> {
  const start = top.prefix.length;
  const assembly = new Assembly(start, onEntry);
  for (const run of entriesInPathOrder(top)) {
    assembly.add(run);
    const turn = yielder.step(run.to - run.from);
    if (turn) {
      await turn;
      signal?.throwIfAborted();
    }
  }
  const { files, bytes, nowhere } = assembly;
  const { problems, directories, misses, surplus } = collect(top);
  const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
  const fromStart = (problem: Problem): Problem => ({ ...problem, path: problem.path.slice(start) });
  return {
    id: assembly.digest(),
    problems: allNamed(start === 0 ? problems : problems.map(fromStart), nowhere),
    counts: {
      files,
      bytes: bytes + surplus,
      directories,
      hits: files + nowhere.length - missed,
      misses,
      leftOut: countLeftOut(top),
    },
  };
}

/** The files of a tree, while they are put together. A class, and not asynchronous: V8 compiles that in half the time. */
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
  add({ directory, listing, from, to, names }: Run<DirectoryFiles>): void {
    const { value } = directory;
    const prefix = directory.prefix.slice(this.#start);
    this.#hasher.enter(prefix);
    for (let entry = from; entry < to; entry++, names.next()) {
      if (!isFile(listing.match(entry))) continue;
      const offset = value?.offsetOf(entry) ?? 0;
      if (offset > 0 && value?.lines && !this.#onEntry) {
        this.#hasher.addBytes(names, value.lines, offset);
      } else {
        const id = value?.idOf(entry);
        if (id === undefined) {
          this.nowhere.push(prefix + names.text);
          continue;
        }
        this.#hasher.add(names.text, id);
        this.#onEntry?.(prefix + names.text, id);
      }
      this.files++;
      this.bytes += listing.size(entry);
    }
  }

  /** Returns the snapshot id of all that was added. */
  digest(): ObjectId {
    return this.#hasher.digest();
  }
}

/** Returns the manifest of a tree, put together in one go: some 0.5 µs a file. */
export function manifestOf(top: DirectoryNode<DirectoryFiles>): Map<string, ObjectId> {
  let manifest = new Map<string, ObjectId>();
  const start = top.prefix.length;
  for (const { directory, listing, from, to, names } of entriesInPathOrder(top)) {
    const prefix = directory.prefix.slice(start);
    for (let entry = from; entry < to; entry++, names.next()) {
      const id = isFile(listing.match(entry)) ? directory.value?.idOf(entry) : undefined;
      if (id !== undefined) manifest = withPath(manifest, prefix + names.text, id);
    }
  }
  return manifest;
}

function collect(top: DirectoryNode<DirectoryFiles>) {
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
  // What was read of a file may be more or less than its size said.
  let surplus = 0;
  for (const { listing, problems: own, value } of directoriesOf(top)) {
    if (listing) directories++;
    for (const problem of own) problems.push(problem);
    for (const problem of value?.problems ?? []) problems.push(problem);
    for (const { reason, size, bytes } of value?.misses ?? []) {
      misses[reason]++;
      surplus += bytes - size;
    }
  }
  return { problems, directories, misses, surplus };
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
