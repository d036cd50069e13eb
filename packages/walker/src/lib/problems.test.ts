import { lstatSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, isMoved, problemOf } from './problems.js';

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
