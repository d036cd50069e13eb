import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areTreePathsSorted,
  compareTreePaths,
  sortTreePaths,
  treePathFromBytes,
  treePathToBytes,
} from './tree-path.js';

/** Bytes that share long beginnings and differ inside UTF-8 sequences. */
const pathBytes = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '/',
      'é',
      'ê',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '💩',
      '💪',
      '\u{10ffff}',
      0x80,
      0xc3,
      0xa9,
      0xee,
      0xf0,
      0xff,
    ),
    {
      maxLength: 5,
    },
  )
  .map((parts) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part)))),
  );

describe('compareTreePaths', () => {
  it.each([
    ['a', 'b'],
    ['a', 'a/b'],
    ['a-b', 'a/b'],
    ['a/b', 'a0'],
    ['B', 'a'],
    ['\ue000', '💩'],
    ['\uffff', '\u{10000}'],
    ['💩', '💪'],
    ['\ue000', '\udcff'],
    ['\udcc3x', 'é'],
    ['é', '\udcc3\udcff'],
    ['💩', '💩\udc80'],
  ])('puts %j before %j', (first, second) => {
    expect(compareTreePaths(first, second)).toBeLessThan(0);
    expect(compareTreePaths(second, first)).toBeGreaterThan(0);
  });

  it('is the order of the bytes', () => {
    fc.assert(
      fc.property(pathBytes, pathBytes, (a, b) => {
        const order = compareTreePaths(treePathFromBytes(a), treePathFromBytes(b));
        expect(Math.sign(order)).toBe(Buffer.compare(a, b));
      }),
      { numRuns: 5000 },
    );
  });

  it('sorts as the bytes sort', () => {
    const paths = fc.sample(pathBytes, { numRuns: 500, seed: 3 }).map(treePathFromBytes);
    const byBytes = paths
      .map(treePathToBytes)
      .sort((a, b) => Buffer.compare(a, b))
      .map(treePathFromBytes);
    expect(paths.sort(compareTreePaths)).toEqual(byBytes);
  });
});

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
