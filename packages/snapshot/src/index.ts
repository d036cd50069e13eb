export {
  LeftOutError,
  NothingToCompareError,
  SavedSnapshotError,
  SnapshotIncompleteError,
  type LeftOut,
} from './lib/errors.js';
export {
  explain,
  openExplainer,
  type Explainer,
  type Explanation,
  type ExplainOptions,
  type FieldMiss,
  type FileExplanation,
  type StatField,
} from './lib/explain/explain.js';
export type { SpecialFileKind } from './lib/explain/descent.js';
export { diffManifests, diffSnapshots } from './lib/manifest/diff.js';
export { formatManifest, type FormattedSnapshot, type ManifestFormat } from './lib/manifest/format.js';
export { computeSnapshotId, subtree } from './lib/manifest/manifest.js';
export {
  MAX_MANIFEST_BYTES,
  parseManifest,
  parseSnapshot,
  type ParsedSnapshot,
} from './lib/manifest/parse.js';
export { parseSha256sum } from './lib/manifest/parse-sha256sum.js';
export type { SavedSnapshot, SavedSnapshotInfo } from './lib/saved/format.js';
export { notKept, type CalendarSpan, type RetentionPolicy } from './lib/saved/retention.js';
export {
  forgetSnapshots,
  latestSavedSnapshot,
  listSavedSnapshots,
  readSavedSnapshot,
  saveSnapshot,
  type DamagedSnapshot,
  type ForgottenSnapshots,
  type LatestSnapshot,
  type LatestSnapshotOptions,
  type ListSavedOptions,
  type ReadSavedOptions,
  type SavedSnapshotList,
  type SaveSnapshotOptions,
} from './lib/saved/saved-snapshots.js';
export { loadTreeDefaults, type TreeDefaults } from './lib/take/tree-options.js';
export { changedTexts, judgeManifest } from './lib/saved/rules.js';
export { buildSnapshotManifest, createSnapshot, openSnapshotter } from './lib/take/snapshotter.js';
export type {
  ChangesOptions,
  DiffEntry,
  Manifest,
  ManifestDiff,
  ModifiedEntry,
  Progress,
  RenamedEntry,
  RuleText,
  Snapshot,
  SnapshotCall,
  SnapshotDiff,
  SnapshotOptions,
  SnapshotStats,
  Snapshotter,
  SnapshotterOptions,
  TreeChange,
  TreeOptions,
} from './lib/types.js';
export type { VerifyOptions } from './lib/verify/read.js';
export {
  verify,
  verifyManifest,
  type EditedFile,
  type ManifestVerification,
  type MismatchedFile,
  type MissingFile,
  type TouchedFile,
  type Verification,
  type VerifiedFiles,
  type VerifyManifestOptions,
} from './lib/verify/verify.js';
