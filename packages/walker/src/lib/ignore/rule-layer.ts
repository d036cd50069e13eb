import type { IgnoreRule, IgnoreRules, WalkProblem } from '../types.js';

/** What rules make of an entry that one of them matches. */
export interface Decision {
  /** False where the rule takes the entry back in. */
  readonly ignored: boolean;
  readonly rule: IgnoreRule | undefined;
}

/** Rules that tell an entry they take back in from one they know nothing of, so that others can stand below them. */
export interface RuleLayer extends IgnoreRules {
  decide(path: string, directory: boolean): Decision | undefined;
}

/**
 * Makes one of several rules: those that come later overrule those that come earlier, so that a `!pattern` of a later one
 * takes back in what an earlier one leaves out. Returns undefined where there are none.
 */
export function combineIgnoreRules(...rules: readonly (IgnoreRules | undefined)[]): IgnoreRules | undefined {
  const some = rules.filter((each) => each !== undefined);
  return some.length < 2 ? some[0] : new CombinedRules(some.map(layerOf));
}

function layerOf(rules: IgnoreRules): RuleLayer {
  return 'decide' in rules ? (rules as RuleLayer) : new OpaqueLayer(rules);
}

const NO_PROBLEMS: Promise<readonly WalkProblem[]> = Promise.resolve([]);

class CombinedRules implements RuleLayer {
  readonly #layers: readonly RuleLayer[];
  readonly enter?: NonNullable<IgnoreRules['enter']>;

  /** The last layer decides first. */
  constructor(layers: readonly RuleLayer[]) {
    this.#layers = layers.toReversed();
    if (layers.some(({ enter }) => enter)) {
      this.enter = async (directory) => {
        const problems = await Promise.all(layers.map((layer) => layer.enter?.(directory) ?? NO_PROBLEMS));
        return problems.flat();
      };
    }
  }

  decide(path: string, directory: boolean): Decision | undefined {
    for (const layer of this.#layers) {
      const decision = layer.decide(path, directory);
      if (decision) return decision;
    }
    return undefined;
  }

  ignores(path: string, directory: boolean): boolean {
    return this.decide(path, directory)?.ignored === true;
  }

  explain(path: string, directory: boolean): IgnoreRule | undefined {
    const decision = this.decide(path, directory);
    return decision?.ignored === true ? decision.rule : undefined;
  }
}

/** Rules of somebody else, who only says what is left out. */
class OpaqueLayer implements RuleLayer {
  readonly #rules: IgnoreRules;
  readonly enter?: NonNullable<IgnoreRules['enter']>;

  constructor(rules: IgnoreRules) {
    this.#rules = rules;
    if (rules.enter) this.enter = rules.enter.bind(rules);
  }

  decide(path: string, directory: boolean): Decision | undefined {
    if (!this.#rules.ignores(path, directory)) return undefined;
    return { ignored: true, rule: this.#rules.explain?.(path, directory) };
  }

  ignores(path: string, directory: boolean): boolean {
    return this.#rules.ignores(path, directory);
  }
}
