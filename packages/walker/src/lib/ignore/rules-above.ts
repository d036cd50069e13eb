import {
  RESERVED_NAMES,
  type IgnoreRule,
  type IgnoreRules,
  type LeftOutKind,
  type WalkProblem,
} from '../types.js';

/** The way down to a directory, as a scan of the root would go it. */
export interface RulesAbove {
  /** The rules for what is in the directory above; for the root, its own. */
  readonly rules: IgnoreRules | undefined;
  /** The directory on the way, or at its end, that is left out, and why; `''` is the root, which a rule above it leaves out. */
  readonly leftOut?: {
    readonly path: string;
    readonly kind: LeftOutKind;
    readonly rule?: IgnoreRule | undefined;
  };
  /** What is wrong with the rules on the way. */
  readonly problems: readonly WalkProblem[];
}

/**
 * Goes down to an entry of a root as a walk would, asking the rules of the root and reading those on the way; stops at a
 * directory that is left out.
 */
export async function rulesAbove(
  root: string,
  path: string,
  ignore: IgnoreRules | undefined,
): Promise<RulesAbove> {
  let rules = ignore;
  const problems: WalkProblem[] = [];
  const { rootRule: rule } = ignore ?? {};
  if (rule) return { rules, problems, leftOut: { path: '', kind: 'ignored', rule } };
  if (path === '') return { rules, problems };
  for (let above = '', end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
    const entered = await rules?.enter?.({ root, path: above, mayHold: () => true });
    if (entered) {
      rules = entered.rules;
      problems.push(...entered.problems);
    }
    above = end < 0 ? path : path.slice(0, end);
    if (RESERVED_NAMES.includes(above.slice(above.lastIndexOf('/') + 1))) {
      return { rules, problems, leftOut: { path: above, kind: 'reserved' } };
    }
    if (rules?.ignores(above, true) === true) {
      const rule = rules.explain?.(above, true);
      return { rules, problems, leftOut: { path: above, kind: 'ignored', rule } };
    }
    if (end < 0) return { rules, problems };
  }
}
