import type { MissReason, ObjectId, StatCache } from '@muse/stat-cache';
import type { IgnoreRules, LeftOutKind } from '@muse/walker';
import * as main from '@muse/snapshot';
import type {
  DiffEntry,
  FormattedSnapshot,
  LatestSnapshot,
  Manifest,
  ManifestDiff,
  ManifestFormat,
  ModifiedEntry,
  Problem,
  Progress,
  RenamedEntry,
  RuleText,
  SavedSnapshot,
  SavedSnapshotInfo,
  SavedSnapshotList,
  SaveSnapshotOptions,
  Snapshot,
  SnapshotCall,
  SnapshotDiff,
  SnapshotOptions,
  SnapshotStats,
  Snapshotter,
  SnapshotterOptions,
} from '@muse/snapshot';
import { describe, expect, expectTypeOf, it } from 'vitest';

describe('@muse/snapshot', () => {
  it('has these names and no others', () => {
    expect(Object.keys(main).sort()).toEqual([
      'LeftOutError',
      'MAX_MANIFEST_BYTES',
      'NothingToCompareError',
      'SavedSnapshotError',
      'SnapshotIncompleteError',
      'buildSnapshotManifest',
      'changedTexts',
      'computeSnapshotId',
      'createSnapshot',
      'diffManifests',
      'diffSnapshots',
      'explain',
      'formatManifest',
      'judgeManifest',
      'latestSavedSnapshot',
      'listSavedSnapshots',
      'openExplainer',
      'openSnapshotter',
      'parseManifest',
      'parseSnapshot',
      'readSavedSnapshot',
      'saveSnapshot',
      'subtree',
      'verify',
      'verifyManifest',
    ]);
  });

  it('takes one snapshot, or many', () => {
    expectTypeOf(main.createSnapshot).toEqualTypeOf<
      (root: string, options?: SnapshotOptions) => Promise<Snapshot>
    >();
    expectTypeOf(main.buildSnapshotManifest).toEqualTypeOf<
      (root: string, options?: SnapshotOptions) => Promise<Manifest>
    >();
    expectTypeOf<SnapshotterOptions & SnapshotCall>().toExtend<SnapshotOptions>();
    expectTypeOf(main.openSnapshotter).toEqualTypeOf<
      (root: string, options?: SnapshotterOptions) => Promise<Snapshotter>
    >();
    expectTypeOf<Snapshotter>().toEqualTypeOf<{
      readonly root: string;
      snapshot(call?: SnapshotCall): Promise<Snapshot>;
      close(): Promise<void>;
      [Symbol.asyncDispose](): Promise<void>;
    }>();
  });

  it('takes options that may be undefined', () => {
    expectTypeOf<{
      cache: StatCache | false | undefined;
      threads: number | undefined;
      oneFileSystem: boolean | undefined;
      ignore: IgnoreRules | false | undefined;
      logger: Pick<Console, 'debug' | 'warn' | 'error'> | undefined;
    }>().toExtend<SnapshotterOptions>();
    expectTypeOf<{
      signal: AbortSignal | undefined;
      onProgress: ((progress: Progress) => void) | undefined;
    }>().toExtend<SnapshotCall>();
    expectTypeOf<Progress['phase']>().toEqualTypeOf<'scan' | 'hash' | 'save'>();
  });

  it('says what is there, and what is not', () => {
    expectTypeOf<Manifest>().toEqualTypeOf<ReadonlyMap<string, ObjectId>>();
    expectTypeOf<Snapshot>().toEqualTypeOf<{
      readonly id: ObjectId;
      readonly manifest: Manifest;
      readonly complete: boolean;
      readonly problems: readonly Problem[];
      readonly stats: SnapshotStats;
      readonly rules?: readonly RuleText[] | undefined;
      readonly saveError?: Error;
    }>();
    expectTypeOf<Problem>().toEqualTypeOf<{
      readonly path: string;
      readonly kind: 'unreadable' | 'torn' | 'path-too-long' | 'io-error' | 'not-trusted';
      readonly operation: string;
      readonly code: string;
      readonly message: string;
    }>();
    expectTypeOf<SnapshotStats['misses']>().toEqualTypeOf<Record<MissReason, number>>();
    expectTypeOf<SnapshotStats['leftOut']>().toEqualTypeOf<Record<LeftOutKind, number>>();
    expectTypeOf<main.SnapshotIncompleteError>().toExtend<
      Error & { readonly problems: readonly Problem[] }
    >();
  });

  it('works with manifests', () => {
    expectTypeOf(main.computeSnapshotId).toEqualTypeOf<
      (manifest: ReadonlyMap<string, ObjectId>) => ObjectId
    >();
    expectTypeOf(main.diffManifests).toEqualTypeOf<(before: Manifest, after: Manifest) => ManifestDiff>();
    expectTypeOf<ManifestDiff>().toEqualTypeOf<{
      readonly added: readonly DiffEntry[];
      readonly modified: readonly ModifiedEntry[];
      readonly deleted: readonly DiffEntry[];
      readonly renamed: readonly RenamedEntry[];
    }>();
    expectTypeOf(main.subtree).toEqualTypeOf<(manifest: Manifest, path: string) => Manifest>();
    expectTypeOf(main.formatManifest).toEqualTypeOf<
      (snapshot: FormattedSnapshot, format: ManifestFormat) => Iterable<Uint8Array>
    >();
    expectTypeOf<Snapshot>().toExtend<FormattedSnapshot>();
    expectTypeOf<ManifestFormat>().toEqualTypeOf<'json' | 'ndjson' | 'sha256sum'>();
    expectTypeOf(main.parseManifest).toEqualTypeOf<(bytes: Uint8Array) => Manifest>();
    expectTypeOf(main.parseSnapshot).toEqualTypeOf<
      (bytes: Uint8Array) => Pick<Snapshot, 'id' | 'manifest' | 'complete' | 'problems'>
    >();
    expectTypeOf(main.diffSnapshots).toBeCallableWith({} as Snapshot, {} as SavedSnapshot);
    expectTypeOf<SnapshotDiff>().toExtend<ManifestDiff & { readonly unknown: readonly string[] }>();
  });

  it('saves snapshots, and gives them back', () => {
    expectTypeOf(main.saveSnapshot).toEqualTypeOf<
      (
        root: string,
        snapshot: FormattedSnapshot & Partial<Pick<Snapshot, 'rules'>>,
        options?: SaveSnapshotOptions,
      ) => Promise<SavedSnapshotInfo>
    >();
    expectTypeOf(main.readSavedSnapshot).returns.resolves.toEqualTypeOf<SavedSnapshot>();
    expectTypeOf(main.listSavedSnapshots).returns.resolves.toEqualTypeOf<SavedSnapshotList>();
    expectTypeOf(main.latestSavedSnapshot).returns.resolves.toEqualTypeOf<LatestSnapshot>();
    expectTypeOf<SavedSnapshot>().toExtend<SavedSnapshotInfo & Pick<Snapshot, 'manifest' | 'problems'>>();
    expectTypeOf<main.SavedSnapshotError>().toExtend<
      Error & { readonly code: string; readonly path: string; readonly reason: string }
    >();
  });
});
