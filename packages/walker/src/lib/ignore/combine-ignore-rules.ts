import type { IgnoreRules } from '../types.js';
import { LayeredRules } from './layered-rules.js';

/**
 * Makes one of several rules: those that come later overrule those that come earlier, so that a `!pattern` of a later one
 * takes back in what an earlier one leaves out. Returns undefined where there are none.
 */
export function combineIgnoreRules(...rules: readonly (IgnoreRules | undefined)[]): IgnoreRules | undefined {
  const some = rules.filter((each) => each !== undefined);
  return some.length < 2
    ? some[0]
    : new LayeredRules(LayeredRules.layersOf(some), '', some.find(({ rootRule }) => rootRule)?.rootRule);
}
