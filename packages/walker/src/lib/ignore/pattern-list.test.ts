import { describe, expect, it } from 'vitest';
import { PatternList, readPatterns } from './pattern-list.js';
import { PatternRules } from './pattern-rules.js';

/** Returns true if the pattern alone leaves out this file, whatever becomes of the directories above it. */
function leavesOut(pattern: string, path: string): boolean {
  const rules = new PatternRules([{ pattern }, { pattern: '!*/' }]);
  return rules.ignores(path, false);
}

describe('PatternList', () => {
  it.each([
    ['*', 'a', true],
    ['/*', 'a', true],
    ['/*', 'd/b', false],
    ['/**', 'd/b', true],
    ['**/b', 'b', true],
    ['**/b', 'a/c/b', true],
    ['**/b', 'ab', false],
    ['a/**', 'a/b', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'b/a/c', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/b', 'a/xb', false],
    ['a/**/**/b', 'a/b', true],
    ['a/**/**/b', 'a/x/b', true],
    ['a/**/**', 'a/x/b', true],
    ['a/**\\/b', 'a/b', false],
    ['a/**\\/b', 'a/x/b', true],
    ['a/**\\/b', 'a/x/y/b', true],
    ['**\\/b', 'b', false],
    ['**\\/b', 'x/y/b', true],
    ['?/x', 'a/x', true],
    ['a**/b', 'ab', true],
    ['a**/b', 'ac/b', true],
    ['a**/b', 'ac/d/b', true],
    ['a**/b', 'a/b', true],
    ['a**/b', 'acb', false],
    ['a**/**/b', 'ab', true],
    ['a**/*b', 'axb', true],
    ['a**/**', 'a', true],
    ['/a**', 'a', true],
    ['/a**', 'ab', true],
    ['/a**', 'ab/c/d', true],
    ['/a**', 'b/a', false],
    ['a**\\/b', 'ab', false],
    ['a**\\/b', 'ax/y/b', true],
    ['x/a**b', 'x/a/b', false],
    ['x/a**b', 'x/acb', true],
    ['[?]**/b', '?c/b', true],
    ['[?]**/b', '?c/d/b', false],
    ['x[a/]b', 'x/b', false],
    ['[[:alpha:]-]', '-', true],
    ['[a-c-e]', 'd', false],
    ['[]-a]', '^', true],
    ['\\*', '*', true],
    ['**/a*b', 'ax/ab', true],
    ['*a*b/c', 'aab/c', true],
    ['**/a/**/b', 'a/a/x/b', true],
    ['*.tar.gz', 'x.tar.gz', true],
    ['*.tar.gz', '.tar.gz', true],
    ['*.tar.gz', 'x.gz', false],
    ['*~', 'a.c~', true],
    ['*a', 'ba', true],
  ])('takes %s beside %j: %s', (pattern, path, expected) => {
    expect(leavesOut(pattern, path)).toBe(expected);
  });

  it.each(['[', '[a', '[!', '[[:', '[[:alpha:]', '[[:foo:]]', '[[:constructor:]]', 'a\\', '[a\\', '[a-'])(
    'has nothing for %s to match',
    (glob) => {
      for (const name of ['[', 'a', '[a', '[a-', 'a\\', '\\', '-']) expect(leavesOut(glob, name)).toBe(false);
      for (const name of ['a', 'x/a']) expect(leavesOut(`x/${glob}`, name)).toBe(false);
    },
  );

  it('matches globs of any number of bits', () => {
    for (let length = 1; length < 140; length++) {
      const word = 'abcdefghij'.repeat(14).slice(0, length);
      const others = ['b*c', `${word}?`, `?${word}*x`];
      const rules = new PatternRules(
        [...others, `${word}?z`, `d/*/${word}[y]q`].map((pattern) => ({ pattern })),
      );
      expect(rules.ignores(`${word}yz`, false)).toBe(true);
      expect(rules.ignores(`${word}z`, false)).toBe(true);
      expect(rules.ignores(`${word}yy`, false)).toBe(false);
      expect(rules.ignores(`d/x/${word}yq`, false)).toBe(true);
      expect(rules.ignores(`d/${word}yx`, false)).toBe(false);
    }
  });

  it('throws for a name that is not spelt by its bytes, rather than match another', () => {
    const list = new PatternList(readPatterns([{ pattern: 'a?b*' }]));
    expect(list.rankOf(list.start, 'a\xffb', false)).toBe(0);
    expect(() => list.rankOf(list.start, 'a\u0101b', false)).toThrow(RangeError);
  });
});
