import { NONE, type ListState, type PatternList } from './pattern-list.js';
import type { Decision, JudgedEntry, RuleLayer } from './rule-layer.js';

/** A list of patterns, as far as it has come on the way down to one directory. */
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
    const pattern = this.#list.patterns[rank];
    return pattern && { ignored: !pattern.negative, rule: pattern.rule };
  }

  below(name: string): PatternLayer {
    const state = this.#list.enter(this.#state, name);
    return state === this.#state ? this : new PatternLayer(this.#list, state);
  }
}
