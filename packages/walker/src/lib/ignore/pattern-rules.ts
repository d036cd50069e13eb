import type { IgnoreRule, WalkProblem } from '../types.js';
import { LayeredRules } from './layered-rules.js';
import { PatternLayer } from './pattern-layer.js';
import { PatternList } from './pattern-list.js';
import { readPatterns } from './pattern.js';
import { ReportLayer } from './report-layer.js';

/** Patterns as in a `.gitignore` at the root, of which the last that matches decides. */
export class PatternRules extends LayeredRules {
  /** As they were given. */
  readonly rules: readonly IgnoreRule[];

  /** What is wrong with where they come from; each is a problem of a walk. */
  readonly problems: readonly WalkProblem[];

  /** @throws IgnorePatternError when a pattern is too long, has several lines, or is one too many. */
  constructor(rules: readonly IgnoreRule[], problems: readonly WalkProblem[] = []) {
    const layer = new PatternLayer(new PatternList(readPatterns(rules)));
    super(problems.length > 0 ? [layer, new ReportLayer(problems)] : [layer]);
    this.rules = rules;
    this.problems = problems;
  }
}
