import { expect, it } from 'vitest';
import { snakeCaseKeys } from './format.js';

it('snakeCaseKeys changes keys at every depth, and of numbers only what is beyond a microsecond', () => {
  expect(
    snakeCaseKeys({
      hashedFiles: 1,
      misses: { 'cache-reset': 2, new: 'camelCase' },
      list: [{ aB: null }],
      ms: 5.762887000000006,
      big: 2 ** 53 - 1,
    }),
  ).toEqual({
    hashed_files: 1,
    misses: { cache_reset: 2, new: 'camelCase' },
    list: [{ a_b: null }],
    ms: 5.763,
    big: 2 ** 53 - 1,
  });
});
