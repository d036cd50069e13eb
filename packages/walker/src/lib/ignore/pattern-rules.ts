import type { IgnoreRule } from '../types.js';
import { LayeredRules } from './layered-rules.js';
import { PatternLayer } from './pattern-layer.js';
import { PatternList } from './pattern-list.js';
import { readPatterns } from './pattern.js';

/** Patterns as in a `.gitignore` at the root, of which the last that matches decides. */
export class PatternRules extends LayeredRules {
  /** As they were given. */
  readonly rules: readonly IgnoreRule[];

  /** @throws IgnorePatternError when a pattern is too long, has several lines, or is one too many. */
  constructor(rules: readonly IgnoreRule[]) {
    super([new PatternLayer(new PatternList(readPatterns(rules)))]);
    this.rules = rules;
  }
}
