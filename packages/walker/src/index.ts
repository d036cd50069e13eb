export type { EntryKind, IgnoreRules, LeftOutKind } from './lib/types.js';
