import { toNativePath } from '@muse/paths';
import { hashFileSync, type FileStat } from '@muse/stat-cache';
import { PackedStats, type TaskSignal } from '@muse/walker/scan';
import { failureOf, type HashFailure } from './hash-failure.js';

/** Some files to hash, as one message. */
export interface HashTask {
  readonly kind: 'hash';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** The tree paths, joined by NUL. */
  readonly paths: string;
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

/** Hashes files one after the other; `buffer` is what they are read into. Throws what `signal` throws. */
export function hashBatch(
  { root, paths, listed }: { root: string; paths: readonly string[]; listed: readonly FileStat[] },
  buffer: Uint8Array,
  signal: TaskSignal,
): HashReply {
  const stats = new PackedStats();
  const objectIds: string[] = [];
  const bytes: number[] = [];
  const failures: HashReply['failures'][number][] = [];
  for (const [index, path] of paths.entries()) {
    signal.throwIfAborted();
    try {
      const hashed = hashFileSync(toNativePath(root, path), { listed: listed[index], buffer, signal });
      objectIds.push(hashed.objectId);
      stats.add(hashed.stat);
      bytes.push(hashed.bytes);
    } catch (error) {
      signal.throwIfAborted();
      failures.push({ index, ...failureOf(path, error) });
    }
  }
  return {
    objectIds: objectIds.join(''),
    stats: stats.take(),
    bytes: Float64Array.from(bytes),
    failures,
  };
}

/** Returns the memory that a thread reads files into. */
export function makeHashBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(BUFFER_BYTES);
}
