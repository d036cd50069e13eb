import type { EnteredDirectory, IgnoreRule, IgnoreRules, WalkProblem } from '../types.js';

/** What rules make of an entry that one of them matches. */
export interface Decision {
  /** False where the rule takes the entry back in. */
  readonly ignored: boolean;
  readonly rule: IgnoreRule | undefined;
}

/** An entry of the directory that a layer is about. */
export interface JudgedEntry {
  /** Its tree path. */
  readonly path: string;
  /** Its name, with one character for each byte. */
  readonly name: string;
  readonly directory: boolean;
}

/**
 * One of several sets of rules, for the entries of one directory, which tells an entry that it takes back in from one that
 * it knows nothing of. It is never changed.
 */
export interface RuleLayer {
  decide(entry: JudgedEntry): Decision | undefined;
  /** Returns the layer for the directory of that name, the same one where nothing is different there. */
  below(name: string): RuleLayer;
  /** Reads what rules the directory itself holds, once it is listed. Default: it holds none. */
  read?(directory: EnteredDirectory): Promise<LayerRead> | undefined;
}

/** A layer with what a directory holds, and what is wrong with that. */
export interface LayerRead {
  readonly layer: RuleLayer;
  readonly problems: readonly WalkProblem[];
}

/** Rules of somebody else, who only says what is left out. */
export class OpaqueLayer implements RuleLayer {
  readonly #rules: IgnoreRules;

  constructor(rules: IgnoreRules) {
    this.#rules = rules;
  }

  decide({ path, directory }: JudgedEntry): Decision | undefined {
    if (!this.#rules.ignores(path, directory)) return undefined;
    return { ignored: true, rule: this.#rules.explain?.(path, directory) };
  }

  below(): RuleLayer {
    return this;
  }

  read(directory: EnteredDirectory): Promise<LayerRead> | undefined {
    const entered = this.#rules.enter?.(directory);
    if (!entered) return undefined;
    return Promise.resolve(entered).then(({ rules, problems }) => ({
      layer: new OpaqueLayer(rules),
      problems,
    }));
  }
}
