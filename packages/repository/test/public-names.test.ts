import { spawnSync } from 'node:child_process';
import type { BigIntStats } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as paths from '@muse/paths';
import * as snapshot from '@muse/snapshot';
import * as statCache from '@muse/stat-cache';
import * as conformance from '@muse/stat-cache/conformance';
import * as file from '@muse/stat-cache/file';
import * as jsonV3 from '@muse/stat-cache/json-v3';
import * as memory from '@muse/stat-cache/memory';
import * as walker from '@muse/walker';
import * as ignore from '@muse/walker/ignore';
import { freshDist } from '@muse/testkit';
import { describe, expect, expectTypeOf, it } from 'vitest';

// What other projects build on: a change that breaks a line here breaks them too, and needs a major version.

describe('@muse/paths', () => {
  it('tells where .muse keeps what', () => {
    expectTypeOf(paths.museDir).toEqualTypeOf<(root: string) => string>();
    expectTypeOf(paths.cacheDir).toEqualTypeOf<(root: string) => string>();
    expectTypeOf(paths.statCachePath).toEqualTypeOf<(root: string) => string>();
    expectTypeOf(paths.snapshotsDir).toEqualTypeOf<(root: string) => string>();
    expectTypeOf(paths.findRoot).toEqualTypeOf<(from: string) => Promise<string | undefined>>();
    expect(paths).toMatchObject(
      functions('museDir', 'cacheDir', 'statCachePath', 'snapshotsDir', 'findRoot'),
    );
  });

  it('handles tree paths', () => {
    expectTypeOf(paths.treePathFromBytes).toEqualTypeOf<(bytes: Uint8Array) => string>();
    expectTypeOf(paths.treePathToBytes).returns.toExtend<Uint8Array>();
    expectTypeOf(paths.compareTreePaths).toEqualTypeOf<(a: string, b: string) => number>();
    expectTypeOf(paths.parseTreePath).toEqualTypeOf<(text: string) => string>();
    expectTypeOf(paths.relativeTreePath).toBeCallableWith('/root', '/root/a');
    expectTypeOf(paths.relativeTreePath).returns.toEqualTypeOf<string>();
    expectTypeOf(paths.toNativePath).toBeCallableWith('/root', 'a');
    expectTypeOf(paths.toNativePath).returns.toExtend<string | Uint8Array>();
    expect(paths).toMatchObject(
      functions('treePathFromBytes', 'treePathToBytes', 'compareTreePaths', 'parseTreePath'),
    );
    expect(paths).toMatchObject(functions('relativeTreePath', 'toNativePath'));
  });
});

describe('@muse/stat-cache', () => {
  it('hashes', () => {
    expectTypeOf<statCache.ObjectId>().toEqualTypeOf<`sha256:${string}`>();
    expectTypeOf<statCache.FileStat>().toEqualTypeOf<
      Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>
    >();
    expectTypeOf(statCache.blobId).toEqualTypeOf<(bytes: Uint8Array) => statCache.ObjectId>();
    expectTypeOf(statCache.hashFile).toBeCallableWith('a');
    expectTypeOf(statCache.hashFile).toBeCallableWith(Buffer.from('a'), {
      signal: new AbortController().signal,
    });
    expectTypeOf(statCache.hashFile).returns.resolves.toExtend<{
      objectId: statCache.ObjectId;
      stat: statCache.FileStat;
      bytes: number;
    }>();
    expect(statCache).toMatchObject(functions('blobId', 'hashFile', 'TornFileError', 'NotRegularFileError'));
  });

  it('keeps a cache', async () => {
    expect(statCache.CACHE_VERSION).toBe(3);
    expectTypeOf(statCache.MAX_CACHE_BYTES).toExtend<number>();
    expect(statCache.MAX_CACHE_BYTES).toBeGreaterThanOrEqual(64 * 1024 * 1024);
    expectTypeOf(statCache.loadCache).toBeCallableWith('/root');
    expectTypeOf(statCache.loadCache).returns.resolves.toEqualTypeOf<statCache.StatCache>();
    expectTypeOf<(typeof statCache.StatCache)['open']>().toBeCallableWith({ root: '/root', maxBytes: 1 });
    expectTypeOf<(typeof statCache.StatCache)['open']>().toBeCallableWith({
      root: '/root',
      storage: memory.createMemoryStorage(),
      logger: console,
    });
    expectTypeOf<(typeof statCache.StatCache)['load']>().toBeCallableWith('/root/.muse');
    expectTypeOf<
      (typeof statCache.StatCache)['load']
    >().returns.resolves.toEqualTypeOf<statCache.StatCache>();
    expectTypeOf<(typeof statCache.StatCache)['empty']>().toEqualTypeOf<() => statCache.StatCache>();
    expect(await statCache.loadCache('/nowhere')).toBeInstanceOf(statCache.StatCache);
  });

  it('answers, records and saves', () => {
    type Id = statCache.ObjectId;
    type Stat = statCache.FileStat;
    const cache = statCache.StatCache.empty();
    expectTypeOf(cache.size).toEqualTypeOf<number>();
    expectTypeOf(cache.dirty).toEqualTypeOf<boolean>();
    expectTypeOf(cache.discarded).toEqualTypeOf<
      'unreadable' | 'not-json' | 'version' | 'shape' | 'checksum' | 'too-large' | undefined
    >();
    expectTypeOf<statCache.StatCache['has']>().toEqualTypeOf<(path: string) => boolean>();
    expectTypeOf<statCache.StatCache['entries']>().returns.toExtend<
      Iterable<readonly [string, statCache.FileCacheEntry]>
    >();
    expectTypeOf<statCache.StatCache['lookup']>().toEqualTypeOf<
      (path: string, stat: Stat) => Id | undefined
    >();
    expectTypeOf<statCache.StatCache['record']>().toEqualTypeOf<
      (path: string, stat: Stat, objectId: Id, boundary?: bigint) => void
    >();
    expectTypeOf<statCache.StatCache['boundary']>().toEqualTypeOf<() => Promise<bigint>>();
    expectTypeOf<statCache.StatCache['getObjectHash']>().toBeCallableWith('/root', '/root/a');
    expectTypeOf<statCache.StatCache['getObjectHash']>().returns.resolves.toEqualTypeOf<Id>();
    expectTypeOf<statCache.StatCache['getDimension']>().toEqualTypeOf<
      (path: string, objectId: Id, name: string) => string | undefined
    >();
    expectTypeOf<statCache.StatCache['setDimension']>().toEqualTypeOf<
      (path: string, objectId: Id, name: string, value: string) => boolean
    >();
    expectTypeOf<statCache.StatCache['prune']>().toBeCallableWith(new Set<string>(), { below: 'src' });
    expectTypeOf<statCache.StatCache['prune']>().returns.toEqualTypeOf<number>();
    expectTypeOf<statCache.StatCache['save']>().toEqualTypeOf<() => Promise<void>>();
    expect(cache).toMatchObject({ size: 0, dirty: false, discarded: undefined });
  });

  it('lets others bring a storage or a codec', () => {
    expectTypeOf<statCache.CacheStorage['load']>().toBeCallableWith({ maxBytes: 1 });
    expectTypeOf<statCache.CacheStorage['save']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<statCache.CacheContents>().toHaveProperty('get');
    expectTypeOf(jsonV3.jsonV3Codec).toEqualTypeOf<statCache.CacheCodec>();
    expectTypeOf(file.createFileStorage).toBeCallableWith({ directory: '/cache' });
    expectTypeOf(file.createFileStorage).returns.toEqualTypeOf<statCache.CacheStorage>();
    expectTypeOf(memory.createMemoryStorage).toEqualTypeOf<() => statCache.CacheStorage>();
    expect(file).toMatchObject(functions('createFileStorage'));
    expect(memory).toMatchObject(functions('createMemoryStorage'));
    expect(jsonV3.jsonV3Codec).toMatchObject(functions('decode', 'encode'));
  });

  it('has the cases that a storage or a codec must pass', () => {
    expectTypeOf<{ open(): Promise<statCache.CacheStorage> }>().toExtend<conformance.StorageSubject>();
    expectTypeOf(conformance.storageCases).toExtend<
      readonly { name: string; run(subject: conformance.StorageSubject): Promise<void> }[]
    >();
    expectTypeOf(conformance.codecCases).toExtend<
      readonly { name: string; run(codec: statCache.CacheCodec): Promise<void> }[]
    >();
    expect(conformance.storageCases.length).toBeGreaterThan(0);
    expect(conformance.codecCases.length).toBeGreaterThan(0);
  });
});

describe('@muse/walker', () => {
  it('walks', () => {
    expectTypeOf(walker.walk).toBeCallableWith('/root');
    expectTypeOf(walker.walk).toBeCallableWith('/root', {
      threads: 2,
      oneFileSystem: true,
      ignore: { ignores: (path, directory) => directory && path === 'out' },
      signal: new AbortController().signal,
    });
    expectTypeOf(walker.walk).returns.resolves.toEqualTypeOf<walker.Walk>();
    expectTypeOf<walker.Walk['files'][number]>().toEqualTypeOf<{
      readonly path: string;
      readonly stat: statCache.FileStat;
    }>();
    expectTypeOf(walker.listDirectory).toEqualTypeOf<
      (root: string, path: string) => Promise<walker.DirectoryListing>
    >();
    expect(walker).toMatchObject(functions('walk', 'listDirectory'));
  });

  it('reads ignore rules', () => {
    expectTypeOf(ignore.loadIgnoreRules).toBeCallableWith('/root');
    expectTypeOf(ignore.loadIgnoreRules).returns.resolves.toExtend<walker.IgnoreRules | undefined>();
    expectTypeOf(ignore.parseMuseIgnore).returns.toExtend<walker.IgnoreRules>();
    expectTypeOf(ignore.defaultMuseIgnore).toExtend<string>();
    expect(ignore).toMatchObject(functions('loadIgnoreRules', 'parseMuseIgnore', 'IgnoreFileError'));
  });
});

describe('@muse/snapshot', () => {
  it('takes snapshots', () => {
    expectTypeOf(snapshot.openSnapshotter).toBeCallableWith('/root');
    expectTypeOf(snapshot.openSnapshotter).toBeCallableWith('/root', {
      cache: false,
      threads: 2,
      oneFileSystem: true,
      ignore: false,
      logger: console,
    });
    expectTypeOf(snapshot.openSnapshotter).toBeCallableWith('/root', { cache: statCache.StatCache.empty() });
    expectTypeOf(snapshot.openSnapshotter).returns.resolves.toEqualTypeOf<snapshot.Snapshotter>();
    expectTypeOf<snapshot.Snapshotter>().toExtend<AsyncDisposable>();
    expectTypeOf<snapshot.Snapshotter['snapshot']>().toBeCallableWith({
      signal: new AbortController().signal,
      onProgress: (progress) => progress.files,
    });
    expectTypeOf(snapshot.createSnapshot).returns.resolves.toEqualTypeOf<snapshot.Snapshot>();
    expectTypeOf(snapshot.buildSnapshotManifest).returns.resolves.toEqualTypeOf<snapshot.Manifest>();
    expectTypeOf<snapshot.SnapshotIncompleteError['problems']>().toEqualTypeOf<readonly walker.Problem[]>();
    expect(snapshot).toMatchObject(functions('openSnapshotter', 'createSnapshot', 'buildSnapshotManifest'));
  });

  it('says what it found, and what it could not', () => {
    expectTypeOf<snapshot.Manifest>().toEqualTypeOf<ReadonlyMap<string, statCache.ObjectId>>();
    expectTypeOf<snapshot.Snapshot>().toExtend<{
      readonly id: statCache.ObjectId;
      readonly manifest: snapshot.Manifest;
      readonly complete: boolean;
      readonly problems: readonly walker.Problem[];
      readonly stats: snapshot.SnapshotStats;
    }>();
    expectTypeOf<'unreadable' | 'torn' | 'path-too-long' | 'io-error'>().toExtend<walker.Problem['kind']>();
    expectTypeOf<keyof walker.Problem>().toEqualTypeOf<'path' | 'kind' | 'operation' | 'code' | 'message'>();
    expectTypeOf<keyof snapshot.SnapshotStats['misses']>().toEqualTypeOf<
      'new' | 'size' | 'mtime' | 'ctime' | 'inode' | 'racy' | 'cache-reset'
    >();
  });

  it('works with manifests', () => {
    expectTypeOf(snapshot.computeSnapshotId).toEqualTypeOf<
      (manifest: snapshot.Manifest) => statCache.ObjectId
    >();
    expectTypeOf(snapshot.diffManifests).toEqualTypeOf<
      (before: snapshot.Manifest, after: snapshot.Manifest) => snapshot.ManifestDiff
    >();
    expectTypeOf(snapshot.subtree).toEqualTypeOf<
      (manifest: snapshot.Manifest, path: string) => snapshot.Manifest
    >();
    expectTypeOf(snapshot.formatManifest).toBeCallableWith(null as unknown as snapshot.Snapshot, 'ndjson');
    expectTypeOf(snapshot.parseManifest).toEqualTypeOf<(bytes: Uint8Array) => snapshot.Manifest>();
    expect(snapshot.computeSnapshotId(new Map())).toBe(statCache.blobId(new Uint8Array()));
  });
});

describe('all packages', () => {
  it('hand on no value of one another', () => {
    const owners = new Map<unknown, string>();
    const shared: string[] = [];
    const all = { paths, statCache, walker, snapshot };
    for (const [owner, names] of Object.entries(all)) {
      for (const [name, value] of Object.entries(names)) {
        if (typeof value !== 'function') continue;
        const other = owners.get(value);
        if (other !== undefined) shared.push(`${owner} exports ${name} of ${other}`);
        owners.set(value, owner);
      }
    }
    expect(shared).toEqual([]);
  });

  it('declare in what was built what their sources say', () => {
    freshDist('@muse/snapshot');
    // The repository's own check reads the sources; without its condition, this file is checked against `dist`.
    const compiler = fileURLToPath(new URL('../../../node_modules/typescript-7/bin/tsc', import.meta.url));
    const options =
      '--ignoreConfig --noEmit --strict --target es2022 --lib es2023 --module nodenext --types node --skipLibCheck';
    const thisFile = fileURLToPath(import.meta.url);
    const check = spawnSync(process.execPath, [compiler, ...options.split(' '), thisFile], {
      encoding: 'utf8',
    });
    expect(check).toMatchObject({ stdout: '', stderr: '', status: 0 });
  });
});

/** What an object looks like that has these functions. */
function functions(...names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, expect.any(Function)]));
}
