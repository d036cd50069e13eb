import { expect, it } from 'vitest';
import { geometricMean, median, spreadOf } from './statistics.js';

it.each<[numbers: number[], expected: number]>([
  [[5], 5],
  [[10, 9, 1], 9],
  [[4, 1, 3, 2], 2.5],
  [[], NaN],
])('median() of %j is %d', (numbers, expected) => {
  expect(median(numbers)).toBe(expected);
});

it('geometricMean() lets a half and a double make one', () => {
  expect(geometricMean([0.5, 2])).toBeCloseTo(1);
  expect(geometricMean([2, 8])).toBeCloseTo(4);
});

it('spreadOf() keeps the samples in their order, to the hundredth', () => {
  expect(spreadOf([3.004, 1, 2.006])).toEqual({ median: 2.01, min: 1, max: 3, samples: [3, 1, 2.01] });
});
