export { buildSnapshotManifest, createSnapshot } from './lib/create-snapshot.js';
export {
  diffManifests,
  type DiffEntry,
  type ManifestDiff,
  type ModifiedEntry,
  type RenamedEntry,
} from './lib/diff.js';
export { diffSnapshots, type SnapshotDiff } from './lib/diff-snapshots.js';
export { explain, openExplainer } from './lib/explain.js';
export type {
  Explainer,
  Explanation,
  ExplainOptions,
  FieldMiss,
  FileExplanation,
  SpecialFileKind,
} from './lib/explain-types.js';
export { SnapshotIncompleteError } from './lib/incomplete-error.js';
export { judgeManifest } from './lib/judge-manifest.js';
export { changedTexts, type RuleText } from './lib/rule-texts.js';
export { LeftOutError, type LeftOut } from './lib/left-out-error.js';
export { formatManifest, type FormattedSnapshot, type ManifestFormat } from './lib/manifest-format.js';
export {
  MAX_MANIFEST_BYTES,
  parseManifest,
  parseSnapshot,
  type ParsedSnapshot,
} from './lib/manifest-parse.js';
export { SavedSnapshotError } from './lib/saved/saved-error.js';
export {
  latestSavedSnapshot,
  listSavedSnapshots,
  readSavedSnapshot,
  saveSnapshot,
} from './lib/saved/saved-snapshots.js';
export type {
  DamagedSnapshot,
  LatestSnapshot,
  LatestSnapshotOptions,
  ReadSavedOptions,
  SavedSnapshot,
  SavedSnapshotInfo,
  SavedSnapshotList,
  SaveSnapshotOptions,
} from './lib/saved/saved-types.js';
export { computeSnapshotId } from './lib/snapshot-id.js';
export { openSnapshotter } from './lib/snapshotter.js';
export { subtree } from './lib/subtree.js';
export type { TreeOptions } from './lib/tree-options.js';
export type {
  Manifest,
  Problem,
  ProblemKind,
  Progress,
  Snapshot,
  SnapshotCall,
  SnapshotStats,
  Snapshotter,
  SnapshotterOptions,
} from './lib/types.js';
export { NothingToCompareError } from './lib/nothing-to-compare-error.js';
export { verify, verifyManifest } from './lib/verify.js';
export type {
  EditedFile,
  ManifestVerification,
  MismatchedFile,
  MissingFile,
  StatField,
  TouchedFile,
  Verification,
  VerifiedFiles,
  VerifyManifestOptions,
  VerifyOptions,
} from './lib/verify-types.js';
