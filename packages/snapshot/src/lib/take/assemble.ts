import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareTreePaths, PathSet, treePathToBytes, withPath } from '@muse/paths';
import type { MissReason, ObjectId, Sha256 } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import {
  countLeftOut,
  directoriesOf,
  entriesInPathOrder,
  isFile,
  type DirectoryNode,
  type Run,
} from '@muse/walker/scan';
import { tornFile } from '../errors.js';
import { SnapshotIdHasher } from '../manifest/manifest.js';
import type { Manifest, SnapshotCall, SnapshotStats } from '../types.js';
import { resultOf, type DirectoryResult } from './join.js';

/** A tree that was listed and hashed, as one snapshot. */
export interface Assembled {
  readonly id: ObjectId;
  /** Returns the manifest. */
  readonly manifest: () => Manifest;
  /** The bytes of each object id, if they were asked for. */
  readonly sizes: ReadonlyMap<ObjectId, number> | undefined;
  readonly problems: readonly Problem[];
  readonly counts: Pick<SnapshotStats, 'files' | 'bytes' | 'directories' | 'hits' | 'misses' | 'leftOut'>;
}

/** The work between two turns of the event loop, some 4 ms, in bytes of text, and what an entry by itself counts for. */
const WORK_A_TURN = 4 * 1024 * 1024;
const WORK_AN_ENTRY = 512;

/**
 * Makes the snapshot id of a tree and its manifest, and counts what is in it. All paths in the result begin where the
 * tree does. The misses are let go of: they are half of what is in memory.
 */
export async function assemble(
  top: DirectoryNode<DirectoryResult>,
  { signal, deferManifest = false, sizes = false }: SnapshotCall,
  sha256?: Sha256,
): Promise<Assembled> {
  const assembly = new Assembly(top.prefix, !deferManifest, sha256);
  let work = 0;
  for (const run of entriesInPathOrder(top, assembly.takesText)) {
    const { from, to } = run.text ?? { from: 0, to: (run.to - run.cursor.entry) * WORK_AN_ENTRY };
    if (!run.text) assembly.add(run);
    for (let at = from; at < to;) {
      const end = Math.min(to, at + WORK_A_TURN - work);
      if (run.text) assembly.addText(run.listing.bytes.subarray(at, end));
      work += end - at;
      at = end;
      if (work < WORK_A_TURN) continue;
      work = 0;
      await nextTurn();
      signal?.throwIfAborted();
    }
  }
  const { withoutId } = assembly;
  const { problems, misses, ...counts } = collect(top);
  const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
  const start = top.prefix.length;
  const fromStart = (problem: Problem): Problem => ({ ...problem, path: problem.path.slice(start) });
  return {
    id: assembly.digest(),
    manifest: deferManifest ? later(top) : constant(assembly.manifest),
    sizes: sizes ? sizesOf(top) : undefined,
    problems: allNamed(start === 0 ? problems : problems.map(fromStart), withoutId),
    counts: {
      files: counts.files - withoutId.length,
      bytes: counts.bytes - assembly.bytesWithoutId,
      directories: counts.directories,
      hits: counts.files - missed,
      misses,
      leftOut: countLeftOut(top),
    },
  };
}

/** The files of a tree, while they are put together. A class, and not asynchronous: V8 compiles that in half the time. */
class Assembly {
  manifest = new Map<string, ObjectId>();
  /** Paths of files that have no object id, and their bytes in all. */
  readonly withoutId: string[] = [];
  bytesWithoutId = 0;
  /** Returns whether the entries of a directory are taken as text: hits, whose paths begin where the tree does. */
  readonly takesText: (directory: DirectoryNode<DirectoryResult>) => boolean;
  readonly #hasher: SnapshotIdHasher;
  /** The part of each path that is above the tree: its characters, and its bytes. */
  readonly #start: number;
  readonly #startBytes: number;
  readonly #isListing: boolean;

  /** @param above - the part of each path that is above the tree, with a slash at its end. */
  constructor(above: string, isListing: boolean, sha256: Sha256 | undefined) {
    this.#hasher = new SnapshotIdHasher(sha256);
    this.#start = above.length;
    this.#startBytes = treePathToBytes(above).length;
    this.#isListing = isListing;
    this.takesText = (directory) => !isListing && above === '' && resultOf(directory).isText;
  }

  /** Takes what comes next in path order, as text of the snapshot id. */
  addText(text: Uint8Array): void {
    this.#hasher.addText(text);
  }

  /** Takes what comes next in path order. */
  add({ directory, listing, cursor, to }: Run<DirectoryResult>): void {
    const result = resultOf(directory);
    const prefix = directory.prefix.slice(this.#start);
    const { rows } = result;
    this.#hasher.enter(prefix);
    for (; cursor.entry < to; cursor.next()) {
      const { entry, match } = cursor;
      if (!isFile(match)) continue;
      if (!this.#isListing && result.lines && result.isHit(entry)) {
        const { from, to } = cursor;
        if (listing.hasPaths)
          this.#hasher.addText(listing.bytes.subarray(cursor.start + this.#startBytes, cursor.end));
        else this.#hasher.addBytes({ bytes: listing.bytes, from, to }, result.lines, match);
        continue;
      }
      const digest = this.#isListing ? 0 : result.digestAt(entry);
      if (digest > 0) {
        const { from, to } = cursor;
        this.#hasher.addDigest({ bytes: listing.bytes, from, to }, rows, digest);
        continue;
      }
      const id = result.idOf(entry);
      const { name } = cursor;
      if (id === undefined) {
        this.withoutId.push(prefix + name);
        this.bytesWithoutId += cursor.size;
        continue;
      }
      this.#hasher.add(name, id);
      if (this.#isListing) this.manifest = withPath(this.manifest, prefix + name, id);
    }
  }

  /** Returns the snapshot id of all that was added. */
  digest(): ObjectId {
    return this.#hasher.digest();
  }
}

function constant(manifest: Manifest): () => Manifest {
  return () => manifest;
}

/** Returns what makes the manifest of a tree at the first call, and then lets go of the tree. */
function later(top: DirectoryNode<DirectoryResult>): () => Manifest {
  let tree: typeof top | undefined = top;
  let manifest: Manifest = new Map();
  return () => {
    if (tree) manifest = manifestOf(tree);
    tree = undefined;
    return manifest;
  };
}

/** Returns the manifest of a tree, made in one go of some 0.5 µs a file. */
function manifestOf(top: DirectoryNode<DirectoryResult>): Manifest {
  let manifest = new Map<string, ObjectId>();
  const start = top.prefix.length;
  for (const { directory, cursor, to } of entriesInPathOrder(top)) {
    const prefix = directory.prefix.slice(start);
    for (; cursor.entry < to; cursor.next()) {
      const id = isFile(cursor.match) ? resultOf(directory).idOf(cursor.entry) : undefined;
      if (id !== undefined) manifest = withPath(manifest, prefix + cursor.name, id);
    }
  }
  return manifest;
}

/** Returns the bytes of each object id in a tree. */
function sizesOf(top: DirectoryNode<DirectoryResult>): Map<ObjectId, number> {
  const sizes = new Map<ObjectId, number>();
  for (const { directory, cursor, to } of entriesInPathOrder(top)) {
    const result = resultOf(directory);
    for (; cursor.entry < to; cursor.next()) {
      const id = isFile(cursor.match) ? result.idOf(cursor.entry) : undefined;
      if (id !== undefined) sizes.set(id, result.bytesOf(cursor));
    }
  }
  return sizes;
}

function collect(top: DirectoryNode<DirectoryResult>) {
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
  let files = 0;
  let bytes = 0;
  for (const { listing, problems: own, value } of directoriesOf(top)) {
    if (listing) directories++;
    append(problems, own);
    if (!value) continue;
    files += value.files;
    bytes += value.bytes;
    append(problems, value.problems);
    // What was read of a file may be more or less than its size said.
    bytes += value.countMisses(misses);
  }
  return { problems, directories, files, bytes, misses };
}

/** Adds what mostly is nothing: then without an iterator. */
function append(problems: Problem[], more: readonly Problem[]): void {
  if (more.length > 0) for (const problem of more) problems.push(problem);
}

/** The last word of the first promise: a file without an object id is a problem, whatever the reason that led there. */
function allNamed(problems: readonly Problem[], withoutId: readonly string[]): Problem[] {
  const named = new PathSet(problems.map(({ path }) => path));
  const unnamed = withoutId.filter((path) => !named.has(path)).map((path) => tornFile(path, 'replaced'));
  return [...problems, ...unnamed].sort((a, b) => compareTreePaths(a.path, b.path));
}
