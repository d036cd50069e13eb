import { hashFileSync, syncCalls, type FileStat } from '@muse/stat-cache';
import { PackedStats, StatView, type TaskSignal } from '@muse/walker/scan';
import { failureOf, type HashFailure } from './hash-failure.js';
import { ListedDirectories, type ListedDirectory } from './listed-directory.js';

/** Some files to hash, as one message. */
export interface HashTask {
  readonly kind: 'hash';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** The directories that they are in, one after the other, with how many of the files are in each. */
  readonly directories: readonly (ListedDirectory & { readonly count: number })[];
  /** The names of the files, joined by NUL. */
  readonly names: string;
  /** The stat that each was listed with, packed. */
  readonly listed: BigInt64Array;
}

/** What they hold, as one message. */
export interface HashReply {
  /** The object ids of all files that were hashed, one after the other: a part of one string takes 32 bytes. */
  readonly objectIds: string;
  /** The stat of each file that was hashed, packed. */
  readonly stats: BigInt64Array;
  /** Bytes read of each file that was hashed. */
  readonly bytes: Float64Array;
  /** The other files, by their index in the task, in order. */
  readonly failures: readonly (HashFailure & { readonly index: number })[];
}

/** Enough for nine of ten files in one read, and small enough to stay in a core's cache. */
const BUFFER_BYTES = 256 * 1024;

/** Hashes the files of a task one after the other; `buffer` is what they are read into. Throws what `signal` throws. */
export function hashBatch(task: HashTask, buffer: Uint8Array, signal: TaskSignal): HashReply {
  const names = task.names.split('\0');
  const stats = new PackedStats();
  const objectIds: string[] = [];
  const bytes: number[] = [];
  const failures: HashReply['failures'][number][] = [];
  const places = new ListedDirectories(syncCalls, task.root);
  const hash = (directory: ListedDirectory, index: number) => {
    const name = names[index] ?? '';
    const listed: FileStat = new StatView(task.listed, index);
    try {
      const { path, through } = places.fileIn(directory, name);
      const hashed = hashFileSync(path, { listed, through, buffer, signal });
      objectIds.push(hashed.objectId);
      stats.add(hashed.stat);
      bytes.push(hashed.bytes);
    } catch (error) {
      signal.throwIfAborted();
      failures.push({ index, ...failureOf(pathIn(directory, name), error) });
    }
  };
  try {
    let index = 0;
    for (const directory of task.directories) {
      for (const end = index + directory.count; index < end; index++) {
        signal.throwIfAborted();
        hash(directory, index);
      }
    }
  } finally {
    places.close();
  }
  return {
    objectIds: objectIds.join(''),
    stats: stats.take(),
    bytes: Float64Array.from(bytes),
    failures,
  };
}

function pathIn({ path }: ListedDirectory, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Returns the memory that a thread reads files into. */
export function makeHashBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(BUFFER_BYTES);
}
