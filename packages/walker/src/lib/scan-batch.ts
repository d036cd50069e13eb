import { PackedStats } from './packed-stats.js';
import type { ScanCalls } from './scan-calls.js';
import { scanDirectory, type DirectoryToScan, type ScannedDirectory } from './scan-directory.js';

/** Some directories to list, as one message. */
export interface ScanTask {
  readonly kind: 'scan';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  readonly directories: readonly DirectoryToScan[];
}

/** What is in them, as one message: a few large values instead of one object a file. */
export interface ScanReply {
  /** The names of all directories, joined by NUL. */
  readonly names: string;
  /** The kind of each name. */
  readonly kinds: Uint8Array;
  /** The stat of each name, packed. */
  readonly stats: BigInt64Array;
  /** For each directory, how many names are its own. */
  readonly counts: readonly number[];
  /** The directories of which there is more to say, by their index. */
  readonly remarks: readonly (Pick<ScannedDirectory, 'outcome' | 'leftOut' | 'problems'> & {
    index: number;
  })[];
}

/** Lists the directories of a task; throws what `signal` throws, between two of them. */
export function scanBatch(
  calls: ScanCalls,
  task: ScanTask,
  { signal, maxNames }: { signal?: { throwIfAborted(): void } | undefined; maxNames?: number } = {},
): ScanReply {
  const stats = new PackedStats();
  const names: string[] = [];
  const kinds: number[] = [];
  const counts: number[] = [];
  const remarks: ScanReply['remarks'][number][] = [];
  for (const [index, directory] of task.directories.entries()) {
    signal?.throwIfAborted();
    const scanned = scanDirectory(calls, task.root, directory, stats, maxNames);
    for (const name of scanned.names) names.push(name);
    for (const kind of scanned.kinds) kinds.push(kind);
    counts.push(scanned.names.length);
    const { outcome, leftOut, problems } = scanned;
    if (outcome !== 'listed' || leftOut.length > 0 || problems.length > 0) {
      remarks.push({ index, outcome, leftOut, problems });
    }
  }
  return { names: names.join('\0'), kinds: Uint8Array.from(kinds), stats: stats.take(), counts, remarks };
}
