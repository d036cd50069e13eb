export { defaultMuseIgnore } from './lib/ignore/default-muse-ignore.js';
export {
  loadGitIgnoreRules,
  type LoadGitIgnoreRulesOptions,
} from './lib/ignore/git/load-git-ignore-rules.js';
export { IgnoreFileError } from './lib/ignore/ignore-file-error.js';
export { IgnorePatternError } from './lib/ignore/ignore-pattern-error.js';
export {
  checkMuseOwner,
  loadIgnoreFiles,
  loadIgnoreRules,
  type LoadIgnoreOptions,
} from './lib/ignore/load-ignore-rules.js';
export type { OnRuleText } from './lib/ignore/on-rule-text.js';
export { parseMuseIgnore, type ParseMuseIgnoreOptions } from './lib/ignore/parse-muse-ignore.js';
export { PatternRules } from './lib/ignore/pattern-rules.js';
export { combineIgnoreRules } from './lib/ignore/combine-ignore-rules.js';
export type { EnteredDirectory, EnteredRules, IgnoreRule, IgnoreRules } from './lib/types.js';
export { rulesAbove, type RulesAbove } from './lib/ignore/rules-above.js';
export type { RuleOwnerOptions } from './lib/ignore/rule-owners.js';
