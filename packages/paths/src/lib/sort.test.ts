import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareTreePaths } from './compare.js';
import { sortTreePaths } from './sort.js';

it('sortTreePaths sorts in place, as compareTreePaths orders', () => {
  const unit = fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '💩', '\udc80', '\udcff');
  const paths = fc.array(fc.array(unit, { maxLength: 4 }).map((units) => units.join('')));
  fc.assert(
    fc.property(paths, (given) => {
      const expected = [...given].sort(compareTreePaths);
      expect(sortTreePaths(given)).toBe(given);
      expect(given).toEqual(expected);
    }),
  );
  expect(sortTreePaths(['b', 'a/b', 'a-b', 'a'])).toEqual(['a', 'a-b', 'a/b', 'b']);
});
