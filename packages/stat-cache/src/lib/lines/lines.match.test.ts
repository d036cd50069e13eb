import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTime } from '../../../test/support/arbitrary.js';
import { packedStat } from '../../../test/support/packed-stat.js';
import { lineText, objectIdOffset } from './lines.js';

const SECOND = 10n ** 9n;
const STAT = {
  size: 2n ** 40n + 5n,
  mtimeNs: -1_500_000_001n,
  ctimeNs: 1_700_000_000_123_456_789n,
  ino: 2n ** 63n + 7n,
};
const ENTRY = {
  ...STAT,
  objectId: `sha256:${'5a'.repeat(32)}`,
  dimensions: new Map<string, string>(),
} as const;

function match(stat: typeof STAT, stored: typeof STAT = STAT): number {
  const line = Buffer.from(`${lineText('a', { ...ENTRY, ...stored }, stored.ctimeNs)}\n`);
  const fields = BigInt64Array.from(packedStat({ dev: 9n, ...stat }));
  return objectIdOffset(line, 0, 2, new Int32Array(fields.buffer), 0);
}

describe('objectIdOffset', () => {
  it('gives the offset of the object id where all four fields are equal', () => {
    const at = match(STAT);
    expect(lineText('a', ENTRY, ENTRY.ctimeNs).slice(at, at + 71)).toBe(ENTRY.objectId);
  });

  it('compares times exactly, as far off as a file system can put them', () => {
    fc.assert(
      fc.property(anyTime, anyTime, (mtimeNs, ctimeNs) => {
        const stored = { ...STAT, mtimeNs, ctimeNs };
        expect(match(stored, stored)).toBeGreaterThan(0);
        for (const off of [1n, -1n, SECOND, -SECOND, 2n ** 32n * SECOND, 2n ** 64n]) {
          expect(match({ ...stored, mtimeNs: mtimeNs + off }, stored)).toBe(0);
          expect(match({ ...stored, ctimeNs: ctimeNs + off }, stored)).toBe(0);
        }
        // The very first second has no opposite.
        if (mtimeNs > -(2n ** 63n) * SECOND + SECOND)
          expect(match({ ...stored, mtimeNs: -mtimeNs }, stored) > 0).toBe(mtimeNs === 0n);
      }),
      { numRuns: 1000 },
    );
  });

  const bits = [0n, 1n, 31n, 32n, 33n, 52n, 62n].map((bit) => 2n ** bit);
  it.each(['size', 'mtimeNs', 'ctimeNs', 'ino'] as const)(
    'finds no match by a difference in %s alone',
    (field) => {
      for (const bit of bits) expect(match({ ...STAT, [field]: STAT[field] ^ bit })).toBe(0);
    },
  );
});
