import { describe, expect, it } from 'vitest';
import { epochSeconds, instant } from './times.js';

const S = 1_000_000_000n;

describe('epochSeconds() and instant()', () => {
  it.each([
    [1_710_000_000n * S + 123_456_789n, '1710000000.123456789', '2024-03-09T16:00:00.123456789Z'],
    [0n, '0.000000000', '1970-01-01T00:00:00.000000000Z'],
    [1n, '0.000000001', '1970-01-01T00:00:00.000000001Z'],
    [-1n, '-0.000000001', '1969-12-31T23:59:59.999999999Z'],
    [-S, '-1.000000000', '1969-12-31T23:59:59.000000000Z'],
    [253_402_300_800n * S, '253402300800.000000000', '+010000-01-01T00:00:00.000000000Z'],
    [8_640_000_000_001n * S, '8640000000001.000000000', '8640000000001.000000000 s'],
  ])('write %d ns to the last digit', (nanoseconds, seconds, time) => {
    expect(epochSeconds(nanoseconds)).toBe(seconds);
    expect(instant(nanoseconds)).toBe(time);
  });
});
