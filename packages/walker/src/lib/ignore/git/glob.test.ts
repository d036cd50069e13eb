import { describe, expect, it } from 'vitest';
import { compileGlob } from './glob.js';

describe('compileGlob()', () => {
  it.each([
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['**', 'a/b', true],
    ['**/b', 'b', true],
    ['**/b', 'a/c/b', true],
    ['**/b', 'ab', false],
    ['a/**', 'a/', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**\\/b', 'a/b', false],
    ['a/**\\/b', 'a/x/b', true],
    ['a**/b', 'ac/d/b', false],
    ['x/a**b', 'x/a/b', false],
    ['[a/]b', '/b', false],
    ['[[:alpha:]-]', '-', true],
    ['[a-c-e]', 'd', false],
    ['[]-a]', '^', true],
    ['\\*', '*', true],
    ['**/a*b', 'ax/ab', true],
    ['*a*b/c', 'aab/c', true],
    ['**/a/**/b', 'a/a/x/b', true],
  ])('has the path glob %s beside %j: %s', (glob, path, expected) => {
    expect(compileGlob(glob, { path: true })?.test(path)).toBe(expected);
  });

  it.each(['[', '[a', '[!', '[[:', '[[:alpha:]', '[[:foo:]]', '[[:constructor:]]', 'a\\', '[a\\', '[a-'])(
    'has nothing for %s to match',
    (glob) => {
      expect(compileGlob(glob, { path: true })).toBeUndefined();
    },
  );

  it.each([
    ['*a'.repeat(30) + '*b', 'a'.repeat(255)],
    ['**/a/'.repeat(30) + 'b', 'a/'.repeat(2000)],
    ['**/*a*a*a*a*a*b/'.repeat(8) + 'c', ('a'.repeat(100) + '/').repeat(40)],
    ['?*'.repeat(40) + '[!a]', 'a'.repeat(255)],
  ])('does not try for minutes: %s', (glob, path) => {
    const started = performance.now();
    expect(compileGlob(glob, { path: true })?.test(path)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
