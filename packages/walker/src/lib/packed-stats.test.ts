import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackedStats, SizeView, StatView } from './packed-stats.js';

const stat = (n: bigint) => ({ dev: n, ino: n + 1n, size: n + 2n, mtimeNs: -n, ctimeNs: n * n });

describe('PackedStats', () => {
  it.each([0, 1, 256, 257, 5000])('keeps %i stats as they are', (count) => {
    const packed = new PackedStats();
    for (let i = 0; i < count; i++) packed.add(stat(BigInt(i)));
    const fields = packed.take();
    expect(fields).toHaveLength(count * 6);
    const view = new StatView(fields);
    for (let i = 0; i < count; i++) {
      if (view.at(i).ino !== BigInt(i) + 1n) throw new Error(`Stat ${i} is another one`);
    }
    if (count > 0) expect(view.at(count - 1).copy()).toEqual(stat(BigInt(count - 1)));
  });

  it('keeps times before 1970, and inode numbers from 2^63 on as positive numbers', () => {
    const packed = new PackedStats();
    // Node gives such an inode number as a negative one.
    packed.add({ dev: 1n, ino: -1n, size: 0n, mtimeNs: -1n, ctimeNs: -(2n ** 62n) });
    // A packed one is copied, not taken apart.
    packed.add(new StatView(packed.take()));
    for (const index of [0, 1]) {
      expect(new StatView(packed.take(), index).copy()).toEqual({
        dev: 1n,
        ino: 2n ** 64n - 1n,
        size: 0n,
        mtimeNs: -1n,
        ctimeNs: -(2n ** 62n),
      });
    }
  });

  it('keeps times of 64 bits of seconds to the nanosecond', () => {
    const seconds = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-(20n ** 10n), 20n ** 10n));
    const times = fc.tuple(seconds, fc.bigInt(0n, 999_999_999n)).map(([s, ns]) => s * 10n ** 9n + ns);
    fc.assert(
      fc.property(times, times, (mtimeNs, ctimeNs) => {
        const packed = new PackedStats();
        packed.add({ ...stat(0n), mtimeNs, ctimeNs });
        packed.add(new StatView(packed.take()));
        for (const index of [0, 1])
          expect(new StatView(packed.take(), index)).toMatchObject({ mtimeNs, ctimeNs });
      }),
    );
  });

  it('takes back what was added last, and reorders what is last now', () => {
    const packed = new PackedStats();
    for (let i = 0; i < 300; i++) packed.add(stat(BigInt(i)));
    packed.truncate(5);
    packed.permuteLast([2, 0, 1]);
    packed.add(stat(9n));
    const view = new StatView(packed.take());
    expect([0, 1, 2, 3, 4, 5].map((i) => view.at(i).copy())).toEqual([0n, 1n, 4n, 2n, 3n, 9n].map(stat));
    expect(packed.count).toBe(6);
  });
});

describe('SizeView', () => {
  it('tells sizes exactly, as numbers', () => {
    const packed = new PackedStats();
    const sizes = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n];
    for (const size of sizes) packed.add({ ...stat(7n), size });
    const view = new SizeView(packed.take());
    expect(sizes.map((_, i) => view.at(i))).toEqual(sizes.map(Number));
  });
});
