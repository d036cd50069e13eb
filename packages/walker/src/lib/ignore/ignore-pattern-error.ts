import type { IgnoreRule } from '../types.js';

/** A pattern cannot be used: it is too long, or one too many. */
export class IgnorePatternError extends Error {
  override readonly name = 'IgnorePatternError';
  readonly code = 'EMUSEIGNORE';
  readonly rule: IgnoreRule;
  /** Why, for a message that names the pattern's place itself. */
  readonly reason: string;

  constructor(rule: IgnoreRule, reason: string) {
    const { pattern } = rule;
    const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern;
    super(`Cannot use the pattern ${JSON.stringify(shown)}: ${reason}`);
    this.rule = rule;
    this.reason = reason;
  }
}
