import { describe, expect, it } from 'vitest';
import { entryText } from './entry-text.js';
import { matchLine } from './line-stat.js';

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

function match(stat: typeof STAT): number {
  const line = Buffer.from(`${entryText('a', ENTRY, ENTRY.ctimeNs)}\n`);
  const fields = BigInt64Array.of(9n, BigInt.asIntN(64, stat.ino), stat.size, stat.mtimeNs, stat.ctimeNs);
  return matchLine(line, 0, 2, new Int32Array(fields.buffer), 0);
}

describe('matchLine', () => {
  it('gives the offset of the object id where all four fields are equal', () => {
    const at = match(STAT);
    expect(entryText('a', ENTRY, ENTRY.ctimeNs).slice(at, at + 71)).toBe(ENTRY.objectId);
  });

  const bits = [0n, 1n, 31n, 32n, 33n, 52n, 62n].map((bit) => 2n ** bit);
  it.each(['size', 'mtimeNs', 'ctimeNs', 'ino'] as const)(
    'finds no match by a difference in %s alone',
    (field) => {
      for (const bit of bits) expect(match({ ...STAT, [field]: STAT[field] ^ bit })).toBe(1);
    },
  );
});
