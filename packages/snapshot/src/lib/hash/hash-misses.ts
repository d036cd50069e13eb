import { PathSet } from '@muse/paths';
import type { StatCache } from '@muse/stat-cache';
import { directoriesOf, type DirectoryNode, systemProblem, type Tree } from '@muse/walker/scan';
import type { HashEngine } from './engine.js';
import { type FileResult, resultsIn } from './reply.js';
import type { DirectoryFiles, Miss } from '../take/directory-files.js';
import type { ProgressReport } from '../take/progress.js';
import type { Problem } from '../types.js';

/** What was read. */
export interface Hashed {
  files: number;
  bytes: number;
  /** Files whose size is not the number of their bytes, so that they were not recorded. */
  uncached: number;
  /** Files whose ctime lies ahead of the clock. */
  ahead: number;
}

/** How misses are hashed. */
export interface HashMissesOptions {
  readonly engine: HashEngine;
  readonly cache: StatCache | undefined;
  readonly progress: ProgressReport;
  readonly signal: AbortSignal | undefined;
  /** Resolves once the save under way is done; `undefined` where there is none. Default: there never is. */
  readonly saving?: (() => Promise<unknown> | undefined) | undefined;
}

/** How often a file is read that changes meanwhile, or is looked for again that keeps being replaced. */
const ROUNDS = 3;

/**
 * Hashes the files of a tree that only reading can tell, and records them. A file that changed while it was read is read
 * again. Where a path leads elsewhere by now, its directory is listed again, and what is new there is hashed in turn.
 */
export async function hashMisses(tree: Tree<DirectoryFiles>, options: HashMissesOptions): Promise<Hashed> {
  const { cache, progress } = options;
  const total: Hashed = { files: 0, bytes: 0, uncached: 0, ahead: 0 };
  let moved: Miss[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const misses = missesOf(tree.top);
    moved = [];
    if (misses.length === 0) break;
    const changed: Miss[] = [];
    progress.add({ filesToHash: misses.length, bytesToHash: bytesOf(misses) });
    // Before the first file is opened: what changes from here on must not be trusted.
    await options.saving?.();
    const boundary = await cache?.boundary();
    const isAhead = boundary === undefined ? () => false : aheadOf(boundary);
    await hashAll(misses, options, (miss, result) => {
      switch (result.outcome) {
        case 'hashed':
          total.files++;
          total.bytes += result.bytes;
          if (isAhead(result.stat.ctimeNs)) total.ahead++;
          progress.add({ hashedFiles: 1, hashedBytes: result.bytes });
          if (!record(miss, result, cache, boundary)) total.uncached++;
          break;
        case 'changed':
          changed.push(miss);
          break;
        case 'moved':
        case 'special':
          moved.push(miss);
          break;
        default:
          miss.into.problems.push(systemProblem(miss.path, result.outcome, result.errno));
      }
    });
    if (round === ROUNDS) for (const miss of changed) miss.into.problems.push(torn(miss.path, CHANGED));
    else if (moved.length > 0) await relist(tree, moved);
    else if (changed.length === 0) break;
  }
  for (const miss of moved) {
    if (tree.isMissing(miss.path)) forget(miss);
    else miss.into.problems.push(torn(miss.path, REPLACED));
  }
  return total;
}

/** Files from this size on go first and alone, so that no thread has a large one left at the end: 1 MiB. */
const LARGE_FILE = 1024 * 1024;
/** A batch ends with this many bytes at the latest: some 2 ms of work. */
const BATCH_BYTES = 2 * 1024 * 1024;

/** Returns the batches in which files are hashed: large files first, the largest before all, then the rest as listed. */
export function batchesOf<T extends { readonly size: number }>(files: readonly T[], maxFiles: number): T[][] {
  const large = files.filter(({ size }) => size >= LARGE_FILE).sort((a, b) => b.size - a.size);
  const batches = large.map((file) => [file]);
  let batch: T[] = [];
  let bytes = 0;
  for (const file of files) {
    if (file.size >= LARGE_FILE) continue;
    if (batch.length === maxFiles || bytes >= BATCH_BYTES) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

async function hashAll(
  misses: readonly Miss[],
  { engine, signal }: HashMissesOptions,
  take: (miss: Miss, result: FileResult) => void,
): Promise<void> {
  engine.prepare(misses.length);
  // Those who hash take turns at one iterator, so that each batch is hashed once.
  const batches = batchesOf(misses, engine.batchFiles).values();
  const work = async () => {
    for (const batch of batches) {
      signal?.throwIfAborted();
      const files = batch.map((miss) => miss.toHash());
      const results = resultsIn(await engine.hash(files, signal));
      for (const miss of batch) {
        const result = results.next();
        if (result.done === true) throw new Error('Broken hash reply: a file has no row');
        take(miss, result.value);
      }
    }
  };
  // All of them end before this does: nothing goes on behind the caller's back.
  const done = await Promise.allSettled(Array.from({ length: engine.capacity }, work));
  for (const result of done) if (result.status === 'rejected') throw result.reason;
}

/** Returns false for a file whose size lies, as procfs has it: a change of it could go unseen, so it is not recorded. */
function record(
  miss: Miss,
  { objectId, stat, bytes }: Extract<FileResult, { outcome: 'hashed' }>,
  cache: StatCache | undefined,
  boundary: bigint | undefined,
): boolean {
  miss.into.set(miss.entry, objectId);
  miss.bytes = bytes;
  if (BigInt(bytes) !== stat.size) return false;
  cache?.record(miss.path, stat, objectId, boundary);
  return true;
}

async function relist(tree: Tree<DirectoryFiles>, moved: readonly Miss[]): Promise<void> {
  for (const { into } of moved) tree.relist(into.directory);
  await tree.list();
}

/** Takes a file that is gone out of the listing that still has it. */
function forget(miss: Miss): void {
  const { into, entry } = miss;
  into.listing.leaveOut(entry);
  into.directory.excludedFiles.push(miss.name);
  into.misses.splice(into.misses.indexOf(miss), 1);
}

/** Returns the files that have neither an object id nor a problem. */
function missesOf(top: DirectoryNode<DirectoryFiles>): Miss[] {
  const misses: Miss[] = [];
  for (const { value } of directoriesOf(top)) {
    if (!value || value.misses.length === 0) continue;
    const failed = new PathSet(value.problems.map(({ path }) => path));
    for (const miss of value.misses) {
      if (!value.has(miss.entry) && (failed.size === 0 || !failed.has(miss.path))) misses.push(miss);
    }
  }
  return misses;
}

function bytesOf(misses: readonly Miss[]): number {
  return misses.reduce((sum, { size }) => sum + size, 0);
}

const CHANGED = 'it changed each time it was read';
const REPLACED = 'it was replaced each time it was read';

/** Returns the problem that a file is which could not be read as a whole. */
export function torn(path: string, message: string): Problem {
  return { path, kind: 'torn', operation: 'read', code: 'ETORN', message };
}

/** More than a boundary that had to be guessed lies behind the clock. */
const AHEAD_NS = 5_000_000_000n;

/** Returns what tells whether a time lies ahead of the clock that a boundary was just taken from. */
function aheadOf(boundary: bigint): (timeNs: bigint) => boolean {
  const taken = performance.now();
  return (timeNs) =>
    timeNs - boundary > AHEAD_NS + BigInt(Math.round(performance.now() - taken)) * 1_000_000n;
}
