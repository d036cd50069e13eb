export { IgnoreFileError, IgnorePatternError } from './lib/ignore/errors.js';
export { loadGitIgnoreRules, type LoadGitIgnoreRulesOptions } from './lib/ignore/git.js';
export {
  checkMuseOwner,
  combineIgnoreRules,
  loadIgnoreFiles,
  loadIgnoreRules,
  rulesAbove,
  type LoadIgnoreOptions,
  type OnRuleText,
  type RuleOwnerOptions,
  type RulesAbove,
} from './lib/ignore/load.js';
export { defaultMuseIgnore } from './lib/ignore/default-muse-ignore.js';
export { parseMuseIgnore, type ParseMuseIgnoreOptions } from './lib/ignore/muse-ignore.js';
export { loadSettings, type Setting, type Settings } from './lib/ignore/settings.js';
export { PatternRules } from './lib/ignore/pattern-rules.js';
export type { EnteredDirectory, EnteredRules, IgnoreRule, IgnoreRules } from './lib/types.js';
