import { PackedStats } from './packed-stats.js';
import type { ScanCalls } from './scan-calls.js';
import { scanDirectory, type DirectoryToScan, type ScannedDirectory } from './scan-directory.js';

/** Some directories to list, as one message. */
export interface ScanTask {
  readonly kind: 'scan';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  readonly directories: readonly DirectoryToScan[];
  /** What the thread's own script needs besides, such as what it annotates with. */
  readonly data?: unknown;
}

/** The entries of some directories, one after the other. */
export interface ScannedEntries {
  readonly directories: readonly DirectoryToScan[];
  readonly names: readonly string[];
  /** `FILE` or `DIRECTORY`, for each name. */
  readonly kinds: Uint8Array;
  /** The stat of each name, packed. */
  readonly stats: BigInt64Array;
  /** For each directory, how many names are its own. */
  readonly counts: readonly number[];
}

/** Says something of each entry: one number for each name, which comes back with the listing. */
export type Annotate = (entries: ScannedEntries) => Uint32Array;

/** What is in them: a few large values instead of one object a file. */
export interface ScanReply {
  /** The names of all directories, one after the other. */
  readonly names: readonly string[];
  /** The kind of each name. */
  readonly kinds: Uint8Array;
  /** The stat of each name, packed. */
  readonly stats: BigInt64Array;
  /** What `annotate` says of each name. */
  readonly notes?: Uint32Array | undefined;
  /** For each directory, how many names are its own. */
  readonly counts: readonly number[];
  /** The directories of which there is more to say, by their index. */
  readonly remarks: readonly (Pick<
    ScannedDirectory,
    'outcome' | 'leftOut' | 'problems' | 'areDirectories'
  > & {
    index: number;
  })[];
}

/** A reply as a message: one string is copied from thread to thread in no time, one for each file is not. */
export interface ScanMessage extends Omit<ScanReply, 'names'> {
  /** All names, joined by NUL, which no name can hold. */
  readonly names: string;
}

/** How the directories of a task are listed. */
export interface ScanBatchOptions {
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** A directory with more names is declined. Default: none is. */
  readonly maxNames?: number;
  readonly annotate?: Annotate | undefined;
}

/** Lists the directories of a task; throws what `signal` throws, between two of them. */
export function scanBatch(
  calls: ScanCalls,
  task: ScanTask,
  { signal, maxNames, annotate }: ScanBatchOptions = {},
): ScanReply {
  const { directories } = task;
  const packed = new PackedStats();
  const names: string[] = [];
  const kindsOfNames: number[] = [];
  const counts: number[] = [];
  const remarks: ScanReply['remarks'][number][] = [];
  for (const [index, directory] of directories.entries()) {
    signal?.throwIfAborted();
    const scanned = scanDirectory(calls, task.root, directory, packed, maxNames);
    for (const name of scanned.names) names.push(name);
    for (const kind of scanned.kinds) kindsOfNames.push(kind);
    counts.push(scanned.names.length);
    const { outcome, leftOut, problems, areDirectories } = scanned;
    if (outcome !== 'listed' || leftOut.length > 0 || problems.length > 0) {
      remarks.push({ index, outcome, leftOut, problems, areDirectories });
    }
  }
  const kinds = Uint8Array.from(kindsOfNames);
  const stats = packed.take();
  const notes = annotate?.({ directories, names, kinds, stats, counts });
  return { names, kinds, stats, notes, counts, remarks };
}

/** Returns a reply as a message, and what of it is handed over instead of copied. */
export function packReply(reply: ScanReply): { value: ScanMessage; transfer: ArrayBufferLike[] } {
  const { kinds, stats, notes } = reply;
  return {
    value: { ...reply, names: reply.names.join('\0') },
    transfer: [kinds.buffer, stats.buffer, ...(notes ? [notes.buffer] : [])],
  };
}

/** Returns the reply that was made this message. */
export function unpackReply(message: ScanMessage): ScanReply {
  const { names } = message;
  return { ...message, names: names === '' ? [] : names.split('\0') };
}
