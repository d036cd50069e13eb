import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTime } from '../../test/support/arbitrary.js';
import { packedStat } from '../../test/support/packed-stat.js';
import { STAT_WORDS } from './packed.js';
import { copyRead, packStat, unpackStat } from './pending.js';

const unsigned = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
);
const size = unsigned.map((number) => number >> 1n);
const stat = fc.record({ dev: unsigned, ino: unsigned, size, mtimeNs: anyTime, ctimeNs: anyTime });

describe('packStat and unpackStat', () => {
  it('write a stat as engines do, and read it back', () => {
    fc.assert(
      fc.property(stat, (given) => {
        const words = new Int32Array(STAT_WORDS + 2);
        expect(packStat(given, words, 2)).toBe(true);
        const engines = new Int32Array(BigInt64Array.from(packedStat(given)).buffer);
        expect(words.subarray(2)).toEqual(engines);
        expect(unpackStat(words, 2)).toEqual(given);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['dev', -1n],
    ['ino', 2n ** 64n],
    ['size', 2n ** 63n],
    ['mtimeNs', 2n ** 63n * 10n ** 9n],
    ['ctimeNs', -(2n ** 63n) * 10n ** 9n - 1n],
  ])('refuse a %s that has no room', (field, number) => {
    const given = { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n, [field]: number };
    const words = new Int32Array(STAT_WORDS);
    expect(packStat(given, words, 0)).toBe(false);
    expect(words).toEqual(new Int32Array(STAT_WORDS));
  });
});

describe('copyRead', () => {
  it('puts the digest behind the stat, wherever both were', () => {
    const words = Int32Array.from({ length: 40 }, (_, i) => i);
    const row = new Int32Array(30);
    copyRead({ words, digest: 1, stat: 20 }, row, 5);
    expect([...row]).toEqual([
      0,
      0,
      0,
      0,
      0,
      ...words.subarray(20, 32),
      ...words.subarray(1, 9),
      0,
      0,
      0,
      0,
      0,
    ]);
  });
});
