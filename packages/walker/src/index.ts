export { listDirectory, type DirectoryListing, type ListedEntry } from './lib/walk/list-directory.js';
export { resolveRoot, type ResolvedRoot } from './lib/walk/resolve-root.js';
export type {
  EnteredDirectory,
  EnteredRules,
  IgnoreRule,
  IgnoreRules,
  LeftOutKind,
  WalkedStat,
  WalkProblem,
} from './lib/types.js';
export { walk, type Walk, type WalkedFile, type WalkOptions } from './lib/walk/walk.js';
