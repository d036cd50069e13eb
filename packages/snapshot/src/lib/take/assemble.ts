import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareTreePaths, PathSet, treePathToBytes, withPath } from '@muse/paths';
import type { MissReason, ObjectId } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import {
  countLeftOut,
  directoriesOf,
  entriesInPathOrder,
  isFile,
  type DirectoryNode,
  type EntryCursor,
  type Run,
} from '@muse/walker/scan';
import { tornFile } from '../errors.js';
import { SnapshotIdHasher, SnapshotIdPieces, type DigestPieces } from '../manifest/manifest.js';
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

/** The work between two turns of the event loop, some 4 ms, in bytes of stored lines, and what an entry by itself counts for. */
const WORK_A_TURN = 4 * 1024 * 1024;
const WORK_AN_ENTRY = 512;

/**
 * Makes the snapshot id of a tree and its manifest, and counts what is in it. All paths in the result begin where the
 * tree does. The misses are let go of: they are half of what is in memory.
 *
 * @param digest - makes the id elsewhere, while all else is made here. Default: it is made here.
 */
export async function assemble(
  top: DirectoryNode<DirectoryResult>,
  { signal, deferManifest = false, sizes = false }: SnapshotCall,
  digest?: DigestPieces,
): Promise<Assembled> {
  const directories = directoriesOf(top);
  const { problems, misses, ...counts } = collect(directories);
  const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
  // A manifest is made of texts for each file, which are then hashed on the way.
  const hasher = digest && deferManifest ? new SnapshotIdPieces(digest) : new SnapshotIdHasher();
  const assembly = new Assembly(top.prefix, !deferManifest, hasher);
  const isWhole = deferManifest ? wholeDirectories(directories) : undefined;
  let work = 0;
  for (const run of entriesInPathOrder(top, isWhole)) {
    const { from, to } = run.isWhole
      ? run.directory.slice
      : { from: 0, to: (run.to - run.cursor.entry) * WORK_AN_ENTRY };
    if (!run.isWhole) assembly.add(run);
    for (let at = from; at < to;) {
      let end = Math.min(to, at + WORK_A_TURN - work);
      if (run.isWhole) end = assembly.addLines(run.directory, at, end);
      work += end - at;
      at = end;
      if (work < WORK_A_TURN) continue;
      work = 0;
      await nextTurn();
      signal?.throwIfAborted();
    }
  }
  const id = hasher.digest();
  const { withoutId } = assembly;
  const start = top.prefix.length;
  const fromStart = (problem: Problem): Problem => ({ ...problem, path: problem.path.slice(start) });
  return {
    manifest: deferManifest ? later(top) : constant(assembly.manifest),
    sizes: sizes ? sizesOf(top) : undefined,
    problems: allNamed(start === 0 ? problems : problems.map(fromStart), withoutId),
    counts: {
      files: counts.files - withoutId.length,
      bytes: counts.bytes - assembly.bytesWithoutId,
      directories: counts.directories,
      hits: counts.files - missed,
      misses,
      leftOut: countLeftOut(directories),
    },
    id: await id,
  };
}

/**
 * Returns whether the files at and below a directory are those of its stored lines, each a hit, and no other: their part of
 * the snapshot is told by the lines alone.
 */
function wholeDirectories(
  directories: readonly DirectoryNode<DirectoryResult>[],
): (directory: DirectoryNode<DirectoryResult>) => boolean {
  const others = new Set<DirectoryNode<DirectoryResult>>();
  const [top] = directories;
  for (const directory of directories) {
    const { state, listing, value, children, parent } = directory;
    const hasLinesAlone =
      state === 'listed' &&
      value?.hasLinesAlone === true &&
      children.size === listing?.directories &&
      (directory === top || value.lines === parent?.value?.lines);
    if (hasLinesAlone) continue;
    for (let at: typeof parent = directory; at && !others.has(at); at = at.parent) others.add(at);
  }
  return (directory) => !others.has(directory);
}

/** The files of a tree, while they are put together. A class, and not asynchronous: V8 compiles that in half the time. */
class Assembly {
  manifest = new Map<string, ObjectId>();
  /** Paths of files that have no object id, and their bytes in all. */
  readonly withoutId: string[] = [];
  bytesWithoutId = 0;
  readonly #hasher: SnapshotIdHasher | SnapshotIdPieces;
  /** The part of each path that is above the tree: its characters, and its bytes. */
  readonly #start: number;
  readonly #startBytes: number;
  readonly #isListing: boolean;

  /** @param above - the part of each path that is above the tree, with a slash at its end. */
  constructor(above: string, isListing: boolean, hasher: SnapshotIdHasher | SnapshotIdPieces) {
    this.#hasher = hasher;
    this.#start = above.length;
    this.#startBytes = treePathToBytes(above).length;
    this.#isListing = isListing;
  }

  /** Takes the lines of a whole directory from one on, to the end of the one before `to`; returns where it ends. */
  addLines({ value }: DirectoryNode<DirectoryResult>, from: number, to: number): number {
    if (!value?.lines) throw new Error('Broken join: a slice of no lines');
    const end = lineStartFrom(value.lines, to);
    this.#hasher.addLines(value.lines, from, end, this.#startBytes);
    return end;
  }

  /** Takes what comes next in path order. */
  add({ directory, listing, cursor, to }: Run<DirectoryResult>): void {
    const result = resultOf(directory);
    const prefix = directory.prefix.slice(this.#start);
    this.#hasher.enter(prefix);
    while (cursor.entry < to) {
      const { entry, from } = cursor;
      while (!this.#isListing && cursor.entry < to && isFile(cursor.match) && result.has(cursor.entry))
        cursor.next();
      if (cursor.entry === entry) {
        this.#addEntry(result, cursor, prefix);
        cursor.next();
      } else {
        // Read files that stand side by side.
        const names = listing.bytes.subarray(from, cursor.from);
        this.#hasher.addFiles(names, result.digestsOf(entry, cursor.entry));
      }
    }
  }

  #addEntry(result: DirectoryResult, cursor: EntryCursor, prefix: string): void {
    const { entry, match } = cursor;
    const { lines } = result;
    if (!isFile(match)) return;
    if (!this.#isListing && lines && result.isHit(entry)) {
      const from = lineStart(lines, match);
      this.#hasher.addLines(lines, from, lineStartFrom(lines, match), this.#startBytes);
      return;
    }
    const id = result.idOf(entry);
    const { name } = cursor;
    if (id === undefined) {
      this.withoutId.push(prefix + name);
      this.bytesWithoutId += cursor.size;
      return;
    }
    this.#hasher.add(name, id);
    if (this.#isListing) this.manifest = withPath(this.manifest, prefix + name, id);
  }
}

const LINE_FEED = 0x0a;

/** Returns the start of the line that an offset is in. */
function lineStart(lines: Buffer, at: number): number {
  return lines.lastIndexOf(LINE_FEED, at) + 1;
}

/** Returns the first start of a line at or after an offset. */
function lineStartFrom(lines: Buffer, at: number): number {
  return lines.indexOf(LINE_FEED, at - 1) + 1;
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
export function manifestOf(top: DirectoryNode<DirectoryResult>): Manifest {
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

function collect(all: readonly DirectoryNode<DirectoryResult>[]) {
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
  for (const { listing, problems: own, value } of all) {
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
export function allNamed(problems: readonly Problem[], withoutId: readonly string[]): Problem[] {
  const named = new PathSet(problems.map(({ path }) => path));
  const unnamed = withoutId.filter((path) => !named.has(path)).map((path) => tornFile(path, 'replaced'));
  return [...problems, ...unnamed].sort((a, b) => compareTreePaths(a.path, b.path));
}
