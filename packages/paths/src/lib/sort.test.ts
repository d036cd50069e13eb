import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTreePaths } from './compare.js';
import { areTreePathsSorted, sortTreePaths } from './sort.js';

const unit = fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '💩', '\udc80', '\udcff');
const paths = fc.array(fc.array(unit, { maxLength: 4 }).map((units) => units.join('')));

describe('sortTreePaths', () => {
  it('sorts in place, as compareTreePaths orders', () => {
    fc.assert(
      fc.property(paths, (given) => {
        const expected = [...given].sort(compareTreePaths);
        expect(sortTreePaths(given)).toBe(given);
        expect(given).toEqual(expected);
      }),
    );
    expect(sortTreePaths(['b', 'a/b', 'a-b', 'a'])).toEqual(['a', 'a-b', 'a/b', 'b']);
  });
});

describe('areTreePathsSorted', () => {
  it('is true for what is sorted, and for nothing else', () => {
    fc.assert(
      fc.property(paths, (given) => {
        const sorted = [...given].sort(compareTreePaths);
        expect(areTreePathsSorted(sorted)).toBe(true);
        expect(areTreePathsSorted(given)).toBe(given.every((path, index) => path === sorted[index]));
      }),
    );
    expect(areTreePathsSorted(['\ue000', '💩', '\udcff'])).toBe(true);
    expect(areTreePathsSorted(['💩', '\ue000'])).toBe(false);
  });
});
