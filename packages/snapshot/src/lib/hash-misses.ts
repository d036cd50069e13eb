import { PathSet } from '@muse/paths';
import type { StatCache } from '@muse/stat-cache';
import { NO_LINE } from '@muse/stat-cache/json-v3';
import { directoriesOf, LEFT_OUT, type DirectoryNode, type TreeScan } from '@muse/walker/scan';
import { hashFiles, type HashContext, type HashSink } from './hash-files.js';
import type { DirectoryIds, Miss } from './directory-ids.js';
import type { ProgressReport } from './progress-report.js';
import type { Problem } from './types.js';

/** What was read. */
export interface Hashed {
  readonly files: number;
  readonly bytes: number;
  /** Files whose size is not the number of their bytes, so that they were not recorded. */
  readonly uncached: number;
  /** Files whose ctime lies ahead of the clock. */
  readonly ahead: number;
}

/** How often a file that keeps being replaced is looked for again. */
const ROUNDS = 3;

/**
 * Hashes every file of a scanned tree that has no object id, and records it. Where a path turns out to lead elsewhere
 * by now, its directory is listed again, and what is new there is hashed in turn.
 */
export async function hashMisses(
  scan: TreeScan<DirectoryIds>,
  context: HashContext & { readonly cache: StatCache | undefined },
  progress: ProgressReport,
): Promise<Hashed> {
  const total = { files: 0, bytes: 0, uncached: 0, ahead: 0 };
  const movedLast = new Map<Miss, Problem>();
  for (let round = 0; round < ROUNDS; round++) {
    const misses = missesOf(scan.root);
    movedLast.clear();
    if (misses.length === 0) break;
    progress.add({
      filesToHash: misses.length,
      bytesToHash: misses.reduce((sum, { size }) => sum + size, 0),
    });
    // Before the first file is opened: what changes from here on must not be trusted.
    const boundary = await context.cache?.boundary();
    const isAhead = boundary === undefined ? undefined : aheadOf(boundary);
    const sink: HashSink<Miss> = {
      hashed: (miss, objectId, stat, bytes) => {
        miss.into.set(miss.position, objectId);
        miss.bytes = bytes;
        total.files++;
        total.bytes += bytes;
        if (isAhead?.(stat.ctimeNs)) total.ahead++;
        progress.add({ hashedFiles: 1, hashedBytes: bytes });
        // A size that lies, as procfs has it, would let a change go unseen.
        if (BigInt(bytes) !== stat.size) total.uncached++;
        else context.cache?.record(miss.path, stat, objectId, boundary);
      },
      failed: (miss, { moved, problem }) => {
        if (moved) movedLast.set(miss, problem);
        else miss.into.problems.push(problem);
      },
    };
    await hashFiles(misses, context, sink);
    if (movedLast.size === 0) break;
    if (round === ROUNDS - 1) break;
    for (const miss of movedLast.keys()) scan.refresh(miss.into.directory);
    await context.saving?.();
    await scan.drain();
  }
  for (const [miss, problem] of movedLast) {
    if (scan.isGone(miss.path)) forget(miss);
    else miss.into.problems.push(problem);
  }
  return total;
}

/** More than a boundary that had to be guessed lies behind the clock. */
const AHEAD_NS = 5_000_000_000n;

/** Returns what tells whether a time lies ahead of the clock that a boundary was just taken from. */
function aheadOf(boundary: bigint): (timeNs: bigint) => boolean {
  const taken = performance.now();
  return (timeNs) =>
    timeNs - boundary > AHEAD_NS + BigInt(Math.round(performance.now() - taken)) * 1_000_000n;
}

/** Takes a file that is gone out of the listing that still has it. */
function forget(miss: Miss): void {
  const { into, position } = miss;
  const { listing } = into;
  const index = listing.from + position;
  listing.kinds[index] = LEFT_OUT;
  if ((listing.notes?.[index] ?? NO_LINE) !== NO_LINE) into.matched--;
  into.misses.splice(into.misses.indexOf(miss), 1);
}

/** Returns the files that have neither an object id nor a problem. */
function missesOf(root: DirectoryNode<DirectoryIds>): Miss[] {
  const misses: Miss[] = [];
  for (const { value } of directoriesOf(root)) {
    if (!value || value.misses.length === 0) continue;
    const failed = new PathSet(value.problems.map(({ path }) => path));
    for (const miss of value.misses) {
      if (!value.has(miss.position) && (failed.size === 0 || !failed.has(miss.path))) misses.push(miss);
    }
  }
  return misses;
}
