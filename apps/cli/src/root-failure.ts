import { LeftOutError, type Problem } from '@muse/snapshot';
import { IgnoreFileError, IgnorePatternError } from '@muse/walker/ignore';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { ruleText } from './render/explanation-lines.js';
import { errorCode, systemFailure } from './system-error.js';

/** Makes the error for a working tree that could not even be opened; anything else is given back as it is. */
export function rootFailure(doing: string, error: unknown): unknown {
  if (error instanceof IgnoreFileError) {
    const message = error.message.replace(/^C/, 'c');
    return new CommandError(ExitCode.usage, message, 'correct it and run again', error);
  }
  if (error instanceof IgnorePatternError) {
    const message = error.message.replace(/^Cannot use the pattern/, 'cannot use --exclude');
    return new CommandError(ExitCode.usage, message, undefined, error);
  }
  if (error instanceof LeftOutError) return leftOut(doing, error);
  return errorCode(error) === undefined ? error : systemFailure(doing, error);
}

/** Returns what kept a root from being listed at all; problems with the rules of a tree are named as if of its root, too. */
export function rootProblemIn(problems: readonly Problem[]): Problem | undefined {
  return problems.find(({ path, operation }) => path === '' && WHILE_LISTING.has(operation));
}

const WHILE_LISTING = new Set(['readdir', 'lstat']);

function leftOut(doing: string, error: LeftOutError): CommandError {
  const { at, why, rule } = error;
  if (why === 'reserved') {
    const reason = `${at} belongs to Muse or git, and is no part of the tree around it`;
    return new CommandError(ExitCode.failed, `${doing}: ${reason}`, undefined, error);
  }
  const reason = `it is left out: ${ruleText(rule)}`;
  return new CommandError(ExitCode.failed, `${doing}: ${reason}`, '--no-ignore makes no rule count', error);
}
