import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { threadCount } from './thread-count.js';

describe('threadCount()', () => {
  it('is one per processor by default, and otherwise what was asked for', () => {
    expect(threadCount()).toBe(availableParallelism());
    expect(threadCount(1)).toBe(1);
    expect(threadCount(64)).toBe(64);
  });

  it('has a bound, so that no number ends the process', () => {
    expect(threadCount(1_000_000)).toBe(Math.max(64, availableParallelism()));
  });
});
