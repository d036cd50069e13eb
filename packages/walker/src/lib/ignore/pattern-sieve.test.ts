import { seededRandom } from '@muse/testkit';
import ignore from 'ignore';
import { expect, test } from 'vitest';
import { PatternSieve } from './pattern-sieve.js';

test.each([
  ['*.o', 'a/b.o', 'a/b.c'],
  ['*.tar.gz', 'b.tar.gz', 'b.gz'],
  ['/build/', 'build', 'a/builds'],
  ['!keep', 'keep', 'kept'],
  ['.*', '.a', 'a.a'],
  ['*.c.[012]*', 'x.c.1', 'x.1'],
  ['\\#*#', '#a#', 'a#'],
  ['out/**', 'out/a', 'ou/a'],
  ['a/*/b*', 'a/x/bc', 'a/x/c'],
  ['# a', '', 'a'],
])('PatternSieve of %j lets %j through and stops %j', (pattern, through, stopped) => {
  const sieve = new PatternSieve([pattern]);
  if (through !== '') expect(sieve.mayMatch(through)).toBe(true);
  expect(sieve.mayMatch(stopped)).toBe(false);
});

test('PatternSieve lets through all that the matcher matches', () => {
  const random = seededRandom(5);
  const word = (atoms: string, length: number) =>
    Array.from(
      { length: 1 + Math.floor(random() * length) },
      () => atoms[Math.floor(random() * atoms.length)],
    ).join('');
  let matched = 0;
  for (let round = 0; round < 3000; round++) {
    const pattern = word('aab..*?/[]!\\# -', 6);
    const sieve = new PatternSieve([pattern]);
    const matcher = ignore({ ignorecase: false, allowRelativePaths: true }).add([{ pattern }]);
    for (let path = 0; path < 30; path++) {
      const asked = word('aab../[ #', 5).replace(/^\/+|\/+(?=\/|$)/g, '') || 'a';
      const { ignored, unignored } = matcher.test(`${asked}/`);
      // A match of a parent is none of the sieve's business.
      const parent = asked.includes('/') && matcher.test(asked.replace(/[^/]*$/, '')).ignored;
      if (!(ignored || unignored) || parent) continue;
      matched++;
      expect(sieve.mayMatch(asked), JSON.stringify({ pattern, asked })).toBe(true);
    }
  }
  expect(matched).toBeGreaterThan(1000);
});
