/** A file to hash, as far as its order goes. */
export interface Sized {
  readonly path: string;
  /** Bytes, when it was listed. */
  readonly size: number;
}

/** Files from this size on go first and alone, so that no thread has a large one left at the end: 1 MiB. */
const LARGE_FILE = 1024 * 1024;
/** A batch ends with this many files, or bytes: some 2 ms of work. */
const BATCH_FILES = 64;
const BATCH_BYTES = 2 * 1024 * 1024;

/** Returns the batches in which threads hash files: large files first, the largest before all, then the rest as listed. */
export function planBatches<T extends Sized>(files: readonly T[]): T[][] {
  const large = files.filter(({ size }) => size >= LARGE_FILE).sort((a, b) => b.size - a.size);
  const batches = large.map((file) => [file]);
  let batch: T[] = [];
  let bytes = 0;
  for (const file of files) {
    if (file.size >= LARGE_FILE) continue;
    if (batch.length === BATCH_FILES || bytes >= BATCH_BYTES) {
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
