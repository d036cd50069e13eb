import { LeftOutError, SavedSnapshotError, type DamagedSnapshot, type Explanation } from '@muse/snapshot';
import { EngineError, type Problem } from '@muse/walker';
import { IgnoreFileError, IgnorePatternError } from '@muse/walker/ignore';
import { CommandError, errorCode, ExitCode, systemFailure } from './errors.js';
import { countOf } from './terminal/format.js';
import type { Reporter } from './terminal/reporter.js';

// How failures of the libraries are told: what was being done, to which path, what went wrong, and what to do about it.

/** Makes the error for a working tree that could not even be opened; anything else is given back as it is. */
export function rootFailure(doing: string, error: unknown): unknown {
  if (error instanceof IgnoreFileError) {
    const message = error.message.replace(/^C/, 'c');
    return new CommandError(ExitCode.usage, message, 'correct it and try again', error);
  }
  if (error instanceof IgnorePatternError) {
    const message = error.message.replace(/^Cannot use the pattern/, 'cannot use --exclude');
    return new CommandError(ExitCode.usage, message, undefined, error);
  }
  if (error instanceof LeftOutError) return leftOut(doing, error);
  if (error instanceof EngineError) {
    const exitCode = error.code === 'EINVAL' ? ExitCode.usage : ExitCode.failed;
    const advice = error.code === 'EINVAL' ? undefined : 'unset it to use the other engine';
    return new CommandError(exitCode, error.message.replace(/^C/, 'c'), advice, error);
  }
  return errorCode(error) === undefined ? error : systemFailure(doing, error);
}

function leftOut(doing: string, error: LeftOutError): CommandError {
  const { at, why, rule } = error;
  if (why === 'reserved') {
    const reason = `${at} belongs to Muse or git, not to the tree around it`;
    return new CommandError(ExitCode.failed, `${doing}: ${reason}`, undefined, error);
  }
  const advice = rule?.file === undefined ? undefined : '--no-ignore reads no ignore file';
  return new CommandError(ExitCode.failed, `${doing}: it is left out: ${ruleText(rule)}`, advice, error);
}

/** Names a rule, and the place where it stands. */
export function ruleText(rule: Extract<Explanation, { outcome: 'ignored' }>['rule']): string {
  if (rule === undefined) return 'a rule of the caller';
  const line = rule.line === undefined ? '' : `line ${rule.line} of `;
  const file = rule.file === undefined ? ' given with --exclude' : `, ${line}${rule.file}`;
  const table = rule.table === undefined ? '' : ` in [${rule.table}]`;
  return `the pattern '${rule.pattern}'${table}${file}`;
}

/** Makes the error for something that went wrong with saved snapshots, or with the tree that they are of. */
export function savedFailure(doing: string, error: unknown): unknown {
  if (!(error instanceof SavedSnapshotError)) return rootFailure(doing, error);
  if (errorCode(error.cause) === error.code) return systemFailure(doing, error.cause);
  const reason =
    error.code === 'EDAMAGED' || error.code === 'EVERSION' ? `${error.path}: ${error.reason}` : error.reason;
  return new CommandError(ExitCode.failed, `${doing}: ${reason}`, savedAdvices.get(error.code), error);
}

const savedAdvices = new Map([
  ['ENOTREG', 'move it away and try again'],
  ['EDAMAGED', "restore the file, or remove it with 'muse forget --damaged'; 'muse log' lists the others"],
  ['ESHARED', 'name one of them by latest~1 or the like, or use --keep-last'],
  ['EAMBIGUOUS', 'give more digits of the id'],
  ['ENOSNAPSHOT', "'muse log' lists the saved snapshots"],
]);

/** Makes the error for a directory that has no `.muse` where snapshots could be, or is not there itself. */
export function noMuse(
  doing: string,
  { error, strangers: [stranger] }: { readonly error?: unknown; readonly strangers: readonly Problem[] },
): CommandError {
  if (error !== undefined) return systemFailure(doing, error);
  if (stranger) return new CommandError(ExitCode.failed, `${doing}: ${stranger.message}`);
  return new CommandError(
    ExitCode.failed,
    `${doing}: there is no .muse in it or above it`,
    "run 'muse init' at the top of the working tree",
  );
}

/** Throws where problems kept a root from being listed at all; those with the rules of a tree are named as if of its root, too. */
export function throwIfUnlisted(doing: string, problems: readonly Problem[]): void {
  const problem = problems.find(({ path, operation }) => path === '' && WHILE_LISTING.has(operation));
  if (problem) throw systemFailure(doing, problem);
}

const WHILE_LISTING = new Set(['readdir', 'lstat']);

/** Things of one kind that are named on stderr at most. */
export const MOST_PROBLEMS = 50;

/** Names each problem of a snapshot, a line for each, up to fifty. */
export function problemLines(problems: readonly Problem[]): string[] {
  const lines = problems.slice(0, MOST_PROBLEMS).map(problemLine);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`and ${countOf(more, 'more problem')}; --json lists them all`);
  return lines;
}

const doings = new Map([
  ['lstat', 'look at'],
  ['readdir', 'list'],
  ['opendir', 'list'],
]);

/** Names one of them. */
export function problemLine({ path, kind, operation, code, message }: Problem): string {
  if (kind === 'not-trusted') return message;
  return `${path || '.'}: cannot ${doings.get(operation) ?? operation}: ${message} (${code})`;
}

/** Names the damaged saved snapshots that were passed over: what was asked for may have been one of them. */
export function reportDamaged(damaged: readonly DamagedSnapshot[], reporter: Reporter): void {
  for (const { error } of damaged) reporter.error(error.message);
  if (damaged.length > 0) reporter.warn('an older snapshot was used instead');
}
