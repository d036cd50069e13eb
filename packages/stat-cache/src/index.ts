export { CacheNotSavedError } from './lib/file-storage.js';
export { MovedFileError, NotRegularFileError, TornFileError } from './lib/errors.js';
export { asyncCalls, syncCalls, type FileCalls } from './lib/file-calls.js';
export { hashBelow } from './lib/hash-below.js';
export {
  hashFile,
  hashFileSync,
  hashFileWith,
  readListedFile,
  readListedFileSync,
  type Abortable,
  type FileRead,
  type HashedFile,
  type HashOptions,
} from './lib/hash-file.js';
export { CACHE_VERSION, MAX_CACHE_BYTES } from './lib/limits.js';
export { blobId, isObjectId } from './lib/object-id.js';
export type { CacheSystem } from './lib/system.js';
export { loadCache, StatCache, type LoadCacheOptions, type PruneOptions } from './lib/stat-cache.js';
export type {
  CacheChange,
  CacheCodec,
  CacheContents,
  CacheStorage,
  DecodeOptions,
  DecodeResult,
  DiscardReason,
  FileCacheEntry,
  FileStat,
  LoadOptions,
  LoadResult,
  Logger,
  MissReason,
  ObjectId,
  ProbeStamp,
  SaveOptions,
  SortedLines,
} from './lib/types.js';
export { isSameStat } from './lib/validity.js';
