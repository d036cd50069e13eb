import { itemOf } from '../scan/reply.js';
import type { IgnoreRule, Problem } from '../types.js';
import { NONE, PatternList, readPatterns, type ListState } from './pattern-list.js';
import { LayeredRules, reportsOf, type Decision, type JudgedEntry, type RuleLayer } from './rules.js';

/** Rules from patterns, as in a `.gitignore` at the root: the last match decides. */
export class PatternRules extends LayeredRules {
  /** The rules as they were given. */
  readonly rules: readonly IgnoreRule[];

  /** Problems of a walk with the source of the rules. */
  readonly problems: readonly Problem[];

  /** @throws IgnorePatternError if a pattern is too long, has several lines, or exceeds the number allowed. */
  constructor(rules: readonly IgnoreRule[], problems: readonly Problem[] = []) {
    super([new PatternLayer(new PatternList(readPatterns(rules))), ...reportsOf(problems)]);
    this.rules = rules;
    this.problems = problems;
  }
}

/** A list of patterns, with its state in one directory. */
export class PatternLayer implements RuleLayer {
  readonly #list: PatternList;
  readonly #state: ListState;

  constructor(list: PatternList, state: ListState = list.start) {
    this.#list = list;
    this.#state = state;
  }

  decide({ name, directory }: JudgedEntry): Decision | undefined {
    const rank = this.#list.rankOf(this.#state, name, directory);
    if (rank === NONE) return undefined;
    const { negative, rule } = itemOf(this.#list.patterns, rank);
    return { ignored: !negative, rule };
  }

  below(name: string): PatternLayer {
    const state = this.#list.enter(this.#state, name);
    return state === this.#state ? this : new PatternLayer(this.#list, state);
  }
}
