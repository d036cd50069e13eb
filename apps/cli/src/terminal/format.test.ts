import { describe, expect, it } from 'vitest';
import { byteSize, countOf, duration, epochSeconds, instant, timeLeft } from './format.js';

describe('byteSize()', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9_994, '9.99 kB'],
    [9_996, '10.0 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_300_000_000, '1.30 GB'],
    [2 ** 53, '9.01 PB'],
    [1e19, '10000 PB'],
  ])('shows %d bytes', (bytes, shown) => {
    expect(byteSize(bytes)).toBe(shown);
  });
});

describe('duration()', () => {
  it.each([
    [0, '0 ms'],
    [22.6, '23 ms'],
    [99.4, '99 ms'],
    [99.6, '0.1 s'],
    [312, '0.3 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [59_600, '1 min 0 s'],
    [200_000, '3 min 20 s'],
  ])('shows %d ms', (milliseconds, shown) => {
    expect(duration(milliseconds)).toBe(shown);
  });
});

describe('countOf()', () => {
  it('knows one from many', () => {
    expect([0, 1, 78_579].map((number) => countOf(number, 'file'))).toEqual([
      '0 files',
      '1 file',
      '78,579 files',
    ]);
  });
});

describe('timeLeft()', () => {
  it('counts whole seconds', () => {
    expect([0, 33, 1_001, 59_500, 200_000].map(timeLeft)).toEqual([
      '1 s',
      '1 s',
      '2 s',
      '1 min 0 s',
      '3 min 20 s',
    ]);
  });
});

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
