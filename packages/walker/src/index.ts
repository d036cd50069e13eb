export { listDirectory, type DirectoryListing, type ListedEntry } from './lib/list-directory.js';
export { resolveRoot, type ResolvedRoot } from './lib/resolve-root.js';
export type {
  EnteredDirectory,
  EnteredRules,
  IgnoreRule,
  IgnoreRules,
  LeftOutKind,
  WalkedStat,
  WalkProblem,
} from './lib/types.js';
export { walk, type Walk, type WalkedFile, type WalkOptions } from './lib/walk.js';
