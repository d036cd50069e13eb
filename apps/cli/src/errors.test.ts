import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CommandError,
  ExitCode,
  exitCodeOf,
  SilentExit,
  systemFailure,
  systemReason,
  usageError,
} from './errors.js';

describe('systemReason()', () => {
  it("gives the system's words and its code", () => {
    expect(systemReason({ code: 'EACCES' })).toBe('permission denied (EACCES)');
  });

  it('gives the same for an error that Node made', () => {
    let error: unknown;
    try {
      readFileSync('/nowhere/at/all');
    } catch (caught) {
      error = caught;
    }
    expect(systemReason(error)).toBe('no such file or directory (ENOENT)');
  });

  it('gives the first line of any other error', () => {
    expect(systemReason(new Error('one\ntwo'))).toBe('one');
    expect(systemReason(Object.assign(new Error('of our own'), { code: 'EOURS' }))).toBe('of our own');
    expect(systemReason('a string')).toBe('a string');
  });
});

describe('systemFailure()', () => {
  it('says what was being done, what the system said and what to do', () => {
    const { message, advice, exitCode } = systemFailure('cannot write x', { code: 'ENOSPC' });
    expect({ message, advice, exitCode }).toEqual({
      message: 'cannot write x: no space left on device (ENOSPC)',
      advice: 'make room and try again',
      exitCode: 4,
    });
  });

  it('keeps the cause', () => {
    const cause = new Error('deep');
    expect(systemFailure('cannot', cause).cause).toBe(cause);
  });
});

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
