import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCount, parseTime } from './json.js';
import { timeText } from './lines.js';

describe('timeText', () => {
  it.each([
    [0n, '0.000000000'],
    [1n, '0.000000001'],
    [-1n, '-0.000000001'],
    [999_999_999n, '0.999999999'],
    [10n ** 9n, '1.000000000'],
    [-(10n ** 9n), '-1.000000000'],
    [-1_500_000_000n, '-1.500000000'],
    [1_710_000_000_123_456_789n, '1710000000.123456789'],
  ])('writes %d ns as %s', (ns, text) => {
    expect(timeText(ns)).toBe(text);
    expect(parseTime(text)).toBe(ns);
  });

  it('is undone by parseTime, and is a JSON number', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 66n), 2n ** 66n), (ns) => {
        expect(parseTime(timeText(ns))).toBe(ns);
        expect(JSON.parse(timeText(ns))).toBeCloseTo(Number(ns) / 1e9, -5);
      }),
    );
  });
});

describe('parseTime', () => {
  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['-0.0', 0n],
    ['5', 5_000_000_000n],
    ['-5', -5_000_000_000n],
    ['0.5', 500_000_000n],
    ['-0.5', -500_000_000n],
    ['1.1', 1_100_000_000n],
    ['1.123456789', 1_123_456_789n],
  ])('reads %s', (text, ns) => {
    expect(parseTime(text)).toBe(ns);
  });

  it.each([
    ...['', ' 1', '1 ', '1\n', '+1', '01', '-01', '1.', '.5', '-', '1e9', '1E9', '1.0e0', '1.0000000000'],
    ...['0x1', '1_0', 'NaN', 'Infinity', '1,5', '١', '1'.repeat(21)],
  ])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

describe('parseCount', () => {
  it('reads digits exactly', () => {
    for (const count of [0n, 1n, 131n, 2n ** 53n + 1n, 2n ** 64n - 1n])
      expect(parseCount(String(count))).toBe(count);
  });

  it.each(['', '-1', '-0', '+1', '01', '1.0', '1e3', '0x1', ' 1', '1\n', '1_0', '9'.repeat(21)])(
    'refuses %j',
    (text) => {
      expect(parseCount(text)).toBeUndefined();
    },
  );
});
