import { expect, it } from 'vitest';
import { snakeCaseKeys } from './format.js';

it('snakeCaseKeys changes keys at every depth, and no value', () => {
  expect(
    snakeCaseKeys({ hashedFiles: 1, misses: { 'cache-reset': 2, new: 'camelCase' }, list: [{ aB: null }] }),
  ).toEqual({
    hashed_files: 1,
    misses: { cache_reset: 2, new: 'camelCase' },
    list: [{ a_b: null }],
  });
});
