export { defaultMuseIgnore } from './lib/ignore/default-muse-ignore.js';
export { IgnoreFileError } from './lib/ignore/ignore-file-error.js';
export { loadIgnoreRules } from './lib/ignore/load-ignore-rules.js';
export { parseMuseIgnore, type ParseMuseIgnoreOptions } from './lib/ignore/parse-muse-ignore.js';
export { type IgnoreRule, PatternRules } from './lib/ignore/pattern-rules.js';
export type { IgnoreRules } from './lib/types.js';
