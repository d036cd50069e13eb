export { CacheNotSavedError } from './lib/file-storage.js';
export {
  asyncCalls,
  hashBelow,
  hashFile,
  hashFileSync,
  hashFileWith,
  MovedFileError,
  NotRegularFileError,
  readListedFile,
  readListedFileSync,
  syncCalls,
  TornFileError,
  type Abortable,
  type FileCalls,
  type FileRead,
  type HashedFile,
  type HashOptions,
} from './lib/hash-file.js';
export { contentsOf } from './lib/memory-storage.js';
export { blobId } from './lib/hash-file.js';
export { isObjectId } from './lib/types.js';
export {
  loadCache,
  StatCache,
  type LoadCacheOptions,
  type PruneOptions,
  type Recorder,
} from './lib/stat-cache.js';
export type { PackedRead } from './lib/packed.js';
export { isSameStat } from './lib/pending.js';
export {
  CACHE_VERSION,
  MAX_CACHE_BYTES,
  type CacheChange,
  type CacheCodec,
  type CacheContents,
  type CacheStorage,
  type DecodeResult,
  type Discarded,
  type DiscardReason,
  type FileCacheEntry,
  type FileStat,
  type LoadOptions,
  type LoadResult,
  type Logger,
  type MissReason,
  type ObjectId,
  type ProbeStamp,
  type PutEntries,
  type SaveOptions,
  type Sha256,
  type Sha256Elsewhere,
  type StoredLines,
} from './lib/types.js';
