import type { BigIntStats } from 'node:fs';
import * as main from '@muse/stat-cache';
import type {
  CacheChange,
  CacheCodec,
  CacheContents,
  CacheStorage,
  DecodeResult,
  DiscardReason,
  FileCacheEntry,
  FileStat,
  HashedFile,
  LoadCacheOptions,
  LoadOptions,
  LoadResult,
  Logger,
  MissReason,
  ObjectId,
  ProbeStamp,
  SaveOptions,
} from '@muse/stat-cache';
import * as conformance from '@muse/stat-cache/conformance';
import type { CodecCase, StorageCase, StorageSubject } from '@muse/stat-cache/conformance';
import * as file from '@muse/stat-cache/file';
import type { FileStorageOptions } from '@muse/stat-cache/file';
import * as jsonV3 from '@muse/stat-cache/json-v3';
import * as memory from '@muse/stat-cache/memory';
import { describe, expect, expectTypeOf, it } from 'vitest';

describe('@muse/stat-cache', () => {
  it('has the functions and constants', () => {
    expectTypeOf(main.blobId).toEqualTypeOf<(bytes: Uint8Array) => ObjectId>();
    expectTypeOf(main.isObjectId).guards.toEqualTypeOf<ObjectId>();
    expectTypeOf(main.hashFile).parameter(0).toEqualTypeOf<string | Uint8Array>();
    expectTypeOf<{ signal: AbortSignal }>().toExtend<NonNullable<Parameters<typeof main.hashFile>[1]>>();
    expectTypeOf(main.hashFile).returns.resolves.toEqualTypeOf<HashedFile>();
    expectTypeOf(main.hashFileSync).returns.toEqualTypeOf<HashedFile>();
    expectTypeOf<HashedFile>().toExtend<{ objectId: ObjectId; stat: FileStat; bytes: number }>();
    expectTypeOf(main.loadCache).toEqualTypeOf<
      (root: string, options?: LoadCacheOptions) => Promise<main.StatCache>
    >();
    expectTypeOf<typeof main.CACHE_VERSION>().toEqualTypeOf<3>();
    expectTypeOf(main.MAX_CACHE_BYTES).toBeNumber();
  });

  it('has the errors, which tell the path', () => {
    expectTypeOf<main.TornFileError | main.NotRegularFileError | main.MovedFileError>().toExtend<
      Error & { readonly code: string; readonly path: string | Uint8Array }
    >();
    expectTypeOf<main.CacheNotSavedError>().toExtend<
      Error & { readonly code: string; readonly path: string }
    >();
  });

  it('has the entry, the stat and the id', () => {
    expectTypeOf<ObjectId>().toEqualTypeOf<`sha256:${string}`>();
    expectTypeOf<FileStat>().toEqualTypeOf<
      Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>
    >();
    expectTypeOf<BigIntStats>().toExtend<FileStat>();
    expectTypeOf<FileCacheEntry>().toEqualTypeOf<{
      readonly size: bigint;
      readonly mtimeNs: bigint;
      readonly ctimeNs: bigint | undefined;
      readonly ino: bigint;
      readonly objectId: ObjectId;
      readonly dimensions: ReadonlyMap<string, string>;
    }>();
    expectTypeOf<DiscardReason>().toEqualTypeOf<
      'unreadable' | 'not-json' | 'version' | 'shape' | 'checksum' | 'too-large'
    >();
    expectTypeOf<MissReason>().toEqualTypeOf<
      'new' | 'size' | 'mtime' | 'ctime' | 'inode' | 'racy' | 'cache-reset'
    >();
  });

  it('has the seam', () => {
    expectTypeOf<CacheStorage['load']>().toEqualTypeOf<(options: LoadOptions) => Promise<LoadResult>>();
    expectTypeOf<CacheStorage['save']>().toEqualTypeOf<
      (change: CacheChange, options?: SaveOptions) => Promise<void>
    >();
    expectTypeOf<CacheStorage['probe']>().toEqualTypeOf<
      (() => Promise<ProbeStamp | undefined>) | undefined
    >();
    expectTypeOf<LoadResult>().toEqualTypeOf<DecodeResult | undefined>();
    expectTypeOf<CacheCodec['encode']>().toEqualTypeOf<(change: CacheChange) => Iterable<Uint8Array>>();
    expectTypeOf<CacheCodec['decode']>().toBeCallableWith(new Uint8Array());
    expectTypeOf<CacheCodec['decode']>().returns.toEqualTypeOf<DecodeResult>();
    expectTypeOf<CacheContents['entries']>().returns.toEqualTypeOf<
      Iterable<readonly [path: string, entry: FileCacheEntry]>
    >();
  });

  it('takes the smallest storage, contents and codec that an outsider may write', () => {
    const entries = new Map<string, FileCacheEntry>();
    const contents = {
      size: 0,
      has: (path: string) => entries.has(path),
      get: (path: string) => entries.get(path),
      entries: () => entries,
    } satisfies CacheContents;
    const storage = {
      load: () => Promise.resolve({ contents, dropped: 0 }),
      save: () => Promise.resolve(),
    } satisfies CacheStorage;
    const codec = { decode: () => ({ contents, dropped: 0 }), encode: () => [] } satisfies CacheCodec;
    expect(Object.keys({ ...storage, ...codec })).toEqual(['load', 'save', 'decode', 'encode']);
  });
});

describe('StatCache', () => {
  type Cache = main.StatCache;

  it('opens, loads or begins empty, and is not constructed', () => {
    type Statics = Pick<typeof main.StatCache, 'open' | 'load' | 'empty'>;
    expectTypeOf<Statics>().toEqualTypeOf<{
      open(options: LoadCacheOptions & { readonly root: string }): Promise<Cache>;
      load(museDirectory: string, options?: LoadCacheOptions): Promise<Cache>;
      empty(): Cache;
    }>();
    expectTypeOf<typeof main.StatCache>().not.toExtend<new (...given: never[]) => unknown>();
    expectTypeOf<{ storage: CacheStorage; maxBytes: number; logger: Logger }>().toExtend<LoadCacheOptions>();
  });

  it('has the properties and methods', () => {
    expectTypeOf<
      Pick<Cache, 'size' | 'discarded' | 'dirty' | 'root' | 'racy' | 'persistent' | 'dropped'>
    >().toEqualTypeOf<{
      readonly size: number;
      readonly discarded: DiscardReason | undefined;
      readonly dirty: boolean;
      readonly root: string | undefined;
      readonly racy: number;
      readonly persistent: boolean;
      readonly dropped: number;
    }>();
    expectTypeOf<Cache['has']>().toEqualTypeOf<(path: string) => boolean>();
    expectTypeOf<Cache['entries']>().toEqualTypeOf<CacheContents['entries']>();
    expectTypeOf<Cache['lookup']>().toEqualTypeOf<(path: string, stat: FileStat) => ObjectId | undefined>();
    expectTypeOf<Cache['missReason']>().returns.toEqualTypeOf<MissReason | undefined>();
    expectTypeOf<Cache['record']>().toEqualTypeOf<
      (path: string, stat: FileStat, objectId: ObjectId, boundary?: bigint) => void
    >();
    expectTypeOf<Cache['boundary']>().toEqualTypeOf<() => Promise<bigint>>();
    expectTypeOf<Cache['getObjectHash']>().toEqualTypeOf<
      (root: string, file: string | Uint8Array) => Promise<ObjectId>
    >();
    expectTypeOf<Cache['getDimension']>().toEqualTypeOf<
      (path: string, objectId: ObjectId, name: string) => string | undefined
    >();
    expectTypeOf<Cache['setDimension']>().toEqualTypeOf<
      (path: string, objectId: ObjectId, name: string, value: string) => boolean
    >();
    expectTypeOf<Cache['prune']>().toBeCallableWith(new Set<string>(), { below: 'src' });
    expectTypeOf<Cache['prune']>().returns.toBeNumber();
    expectTypeOf<Cache['save']>().toEqualTypeOf<() => Promise<void>>();
  });
});

describe('the sub-paths', () => {
  it('have what they are named for', () => {
    expectTypeOf(jsonV3.jsonV3Codec).toEqualTypeOf<CacheCodec>();
    expectTypeOf(memory.createMemoryStorage).toEqualTypeOf<() => CacheStorage>();
    expectTypeOf(file.createFileStorage).toEqualTypeOf<(options: FileStorageOptions) => CacheStorage>();
    expectTypeOf<{ directory: string }>().toExtend<FileStorageOptions>();
    expectTypeOf(conformance.storageCases).toEqualTypeOf<readonly StorageCase[]>();
    expectTypeOf<StorageCase>().toEqualTypeOf<{
      readonly name: string;
      run(subject: StorageSubject): Promise<void>;
    }>();
    expectTypeOf<StorageSubject>().toEqualTypeOf<{ open(): Promise<CacheStorage> }>();
    expectTypeOf(conformance.codecCases).toEqualTypeOf<readonly CodecCase[]>();
  });

  it('have these names at run time', () => {
    expect(Object.keys(conformance).sort()).toEqual(['codecCases', 'storageCases']);
    expect(Object.keys(file)).toEqual(['createFileStorage']);
    expect(Object.keys(memory)).toEqual(['createMemoryStorage']);
    expect(Object.keys(jsonV3)).toContain('jsonV3Codec');
    const names = ['blobId', 'hashFile', 'StatCache', 'loadCache', 'CACHE_VERSION', 'MAX_CACHE_BYTES'];
    expect(Object.keys(main)).toEqual(expect.arrayContaining(names));
    expect(Object.keys(main)).not.toContain('default');
  });
});
