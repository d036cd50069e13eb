import type { IgnoreRule } from '@muse/walker';

/** What leaves a directory out. */
export interface LeftOut {
  /** The tree path of the directory; `''` is the root. */
  readonly path: string;
  /** The tree path of what is left out: the directory itself, or one above it. `''` is the root, or one above that. */
  readonly at: string;
  /** `ignored` where a rule leaves it out, `reserved` where its name does. */
  readonly why: 'ignored' | 'reserved';
  /** The rule, where it is known. */
  readonly rule?: IgnoreRule | undefined;
}

/** A directory has no snapshot, because it is left out: an empty one would have the same id whatever is in it. */
export class LeftOutError extends Error implements LeftOut {
  override readonly name = 'LeftOutError';
  readonly code = 'ELEFTOUT';
  readonly path: string;
  readonly at: string;
  readonly why: LeftOut['why'];
  readonly rule: IgnoreRule | undefined;

  constructor({ path, at, why, rule }: LeftOut) {
    super(`Cannot take a snapshot of ${JSON.stringify(path || '.')}: ${reasonOf({ path, at, why, rule })}`);
    this.path = path;
    this.at = at;
    this.why = why;
    this.rule = rule;
  }
}

function reasonOf({ at, why, rule }: LeftOut): string {
  if (why === 'reserved') return `${JSON.stringify(at)} is left out, as everything of that name`;
  const place =
    rule?.file === undefined ? '' : ` in ${rule.file}${rule.line === undefined ? '' : `:${rule.line}`}`;
  const pattern = rule ? `the pattern ${JSON.stringify(rule.pattern)}${place}` : 'a rule';
  return `${pattern} leaves ${JSON.stringify(at || '.')} out`;
}
