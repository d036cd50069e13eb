import type { EnteredDirectory, WalkProblem } from '../types.js';
import type { LayerRead, RuleLayer } from './rule-layer.js';

/** Knows no entry, and tells a walk what was wrong with the rules that were read before it: as problems of its root. */
export class ReportLayer implements RuleLayer {
  readonly #problems: readonly WalkProblem[];

  constructor(problems: readonly WalkProblem[]) {
    this.#problems = problems;
  }

  decide(): undefined {
    return undefined;
  }

  below(): RuleLayer {
    return this;
  }

  read({ path }: EnteredDirectory): Promise<LayerRead> | undefined {
    return path === '' ? Promise.resolve({ layer: this, problems: this.#problems }) : undefined;
  }
}
