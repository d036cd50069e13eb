export type {
  CacheChange,
  CacheCodec,
  CacheContents,
  CacheStorage,
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
} from './lib/types.js';
export { StatCache } from './lib/stat-cache.js';
