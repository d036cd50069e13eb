export { EngineError } from './lib/scan/native-engine.js';
export { resolveRoot, type ResolvedRoot } from './lib/walk/root.js';
export type {
  EnteredDirectory,
  EnteredRules,
  IgnoreRule,
  IgnoreRules,
  LeftOutKind,
  WalkedStat,
  Problem,
} from './lib/types.js';
export {
  listDirectory,
  walk,
  type DirectoryListing,
  type ListedEntry,
  type Walk,
  type WalkedFile,
  type WalkOptions,
} from './lib/walk/walk.js';
