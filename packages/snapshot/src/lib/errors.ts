import type { IgnoreRule, Problem } from '@muse/walker';

/** Thrown when a manifest is not complete: `problems` names each file and directory that is missing, and why. */
export class SnapshotIncompleteError extends Error {
  override readonly name = 'SnapshotIncompleteError';
  readonly code = 'EINCOMPLETE';
  readonly problems: readonly Problem[];

  constructor(root: string, problems: readonly Problem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
    const detail = first ? `: cannot ${first.operation} ${JSON.stringify(first.path)}: ${first.message}` : '';
    super(`Cannot build a complete manifest of ${JSON.stringify(root)}${detail}${more}`);
    this.problems = problems;
  }
}

/** The reason why a directory is left out. */
export interface LeftOut {
  /** The tree path of the directory; `''` is the root. */
  readonly path: string;
  /** The tree path of what is left out: the directory itself, or one above it. `''` is the root, or one above that. */
  readonly at: string;
  /** `ignored` if a rule leaves it out, `reserved` if its name does. */
  readonly why: 'ignored' | 'reserved';
  /** The rule, if known. */
  readonly rule?: IgnoreRule | undefined;
}

/** Thrown for a directory that is left out: an empty snapshot would have the same id whatever is in it. */
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

/** Thrown when the cache or a manifest has nothing to compare a tree with: that it was read proves nothing. */
export class NothingToCompareError extends Error {
  override readonly name = 'NothingToCompareError';
  readonly code = 'ENOTHING';

  constructor(directory: string, what: 'cache' | 'manifest') {
    super(`Cannot verify ${JSON.stringify(directory)}: the ${what} has no file to compare with`);
  }
}

/** Returns the problem of a file that could not be read as a whole. */
export function tornFile(path: string, how: 'changed' | 'replaced'): Problem {
  return {
    path,
    kind: 'torn',
    operation: 'read',
    code: 'ETORN',
    message: `it ${how === 'changed' ? 'changed' : 'was replaced'} each time it was read`,
  };
}

/** Thrown when a snapshot cannot be saved, found or read. All others are as they were. */
export class SavedSnapshotError extends Error {
  override readonly name = 'SavedSnapshotError';
  /**
   * The system's code, or one of these: `ENOTREG` if something else has the place of a directory or file, `EDAMAGED` if
   * a file is no longer a valid saved snapshot, `EVERSION` if it is in another version of the format,
   * `EFBIG` if one is larger than would be read, `ENOSNAPSHOT` if none has
   * the id, `EAMBIGUOUS` if several ids begin like it, `ESHARED` if several saved ones have it and one was wanted.
   */
  readonly code: string;
  /** The native path of the file or directory. */
  readonly path: string;
  /** The reason, without the action and the path. */
  readonly reason: string;

  constructor(doing: string, path: string, reason: string, code: string, options?: ErrorOptions) {
    super(`${doing}: ${reason}`, options);
    this.code = code;
    this.path = path;
    this.reason = reason;
  }
}
