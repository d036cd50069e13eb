import { lstatSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, it } from 'vitest';
import { codeOf, errnoOf, isMoved, problemOf, systemProblem } from './problems.js';

function errorOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('problemOf', () => {
  it.each([
    ["a path with a quote, a comma and a line feed: '/a, b 'c'\nd'", `/none/a, b 'c'\nd`],
    ['a plain path', '/none/such'],
  ])('has what the system said, without %s', (_, path) => {
    for (const [operation, call] of [
      ['readdir', () => readdirSync(path)],
      ['readdir', () => readdirSync(Buffer.from(path))],
      ['lstat', () => lstatSync(path)],
    ] as const) {
      expect(problemOf('x', operation, errorOf(call))).toEqual({
        path: 'x',
        kind: 'unreadable',
        operation,
        code: 'ENOENT',
        message: 'no such file or directory',
      });
    }
  });

  it('has the whole message where the system said nothing', () => {
    expect(problemOf('x', 'lstat', new TypeError('no path'))).toMatchObject({
      kind: 'io-error',
      code: 'EUNKNOWN',
      message: 'no path',
    });
  });
});

describe('isMoved', () => {
  it.each(['ENOENT', 'ENOTDIR', 'ELOOP'])('is true for %s', (code) => {
    expect(isMoved({ code })).toBe(true);
  });

  it.each([
    'EACCES',
    'EPERM',
    'EMFILE',
    'ENFILE',
    'ENOMEM',
    'EIO',
    'ESTALE',
    'ENAMETOOLONG',
    'EINTR',
    'EAGAIN',
  ])('is false for %s: that is not absence', (code) => {
    expect(isMoved({ code })).toBe(false);
  });
});

describe('codeOf', () => {
  it('is EUNKNOWN for what has none', () => {
    expect([codeOf(new Error('x')), codeOf(undefined), codeOf({ code: 'EIO' })]).toEqual([
      'EUNKNOWN',
      'EUNKNOWN',
      'EIO',
    ]);
  });
});

describe('errnoOf', () => {
  it('is the number that the system gave, positive', () => {
    expect(errnoOf(errorOf(() => lstatSync('/none/such')))).toBe(constants.errno.ENOENT);
    expect(errnoOf({ code: 'Unknown system error -116', errno: -116 })).toBe(116);
  });

  it('is that of the code where there is no number', () => {
    for (const [number, [code]] of getSystemErrorMap()) expect(errnoOf({ code })).toBe(-number);
  });

  it('is that of EACCES where Node itself denies', () => {
    expect(errnoOf({ code: 'ERR_ACCESS_DENIED' })).toBe(constants.errno.EACCES);
  });

  it.each([
    new Error('a bug'),
    new TypeError('no path'),
    Object.assign(new Error(), { code: 'ERR_INVALID_ARG_TYPE' }),
  ])('throws %s itself, which is none of the system', (error) => {
    expect(errorOf(() => errnoOf(error))).toBe(error);
  });
});

describe('systemProblem', () => {
  it.each([
    ['EACCES', 'unreadable'],
    ['EPERM', 'unreadable'],
    ['ENOENT', 'unreadable'],
    ['ENOTDIR', 'unreadable'],
    ['ELOOP', 'unreadable'],
    ['ENAMETOOLONG', 'path-too-long'],
    ['EIO', 'io-error'],
    ['EMFILE', 'io-error'],
    ['ENOMEM', 'io-error'],
    ['ESTALE', 'io-error'],
  ] as const)('has the code %s of its number, and is %s', (code, kind) => {
    expect(systemProblem('x', 'lstat', constants.errno[code])).toMatchObject({
      path: 'x',
      operation: 'lstat',
      kind,
      code,
    });
  });

  it('says what an error of Node says', () => {
    const error = errorOf(() => readdirSync('/none/such'));
    expect(systemProblem('x', 'readdir', errnoOf(error))).toEqual(problemOf('x', 'readdir', error));
  });

  it('names the number that nobody has a word for', () => {
    expect(systemProblem('x', 'lstat', 9999)).toMatchObject({
      code: 'EUNKNOWN',
      message: 'system error 9999',
    });
  });
});
