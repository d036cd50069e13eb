import { describe, expect, it } from 'vitest';
import { CommandError, exitCodeOf, SilentExit, usageError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { systemFailure } from './system-error.js';

describe('exitCodeOf()', () => {
  it.each([
    ['wrong usage', usageError('what?'), 2],
    ['a broken configuration file', new CommandError(ExitCode.usage, 'line 3'), 2],
    ['what the system refused', systemFailure('cannot read x', { code: 'EIO' }), 4],
    ['a reader that went away', new SilentExit(ExitCode.readerGone), 141],
    ['a bug', new TypeError('x is undefined'), 4],
    ['a thrown string', 'oh', 4],
    ['nothing at all', undefined, 4],
  ])('gives the code for %s', (_case, error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});
