import { describe, expect, it } from 'vitest';
import { PackedStats, StatView } from './packed-stats.js';

const stat = (n: bigint) => ({ dev: n, ino: n + 1n, size: n + 2n, mtimeNs: -n, ctimeNs: n * n });

describe('PackedStats', () => {
  it.each([0, 1, 256, 257, 5000])('keeps %i stats as they are', (count) => {
    const packed = new PackedStats();
    for (let i = 0; i < count; i++) packed.add(stat(BigInt(i)));
    const fields = packed.take();
    expect(fields).toHaveLength(count * 5);
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
    expect(new StatView(packed.take()).copy()).toEqual({
      dev: 1n,
      ino: 2n ** 64n - 1n,
      size: 0n,
      mtimeNs: -1n,
      ctimeNs: -(2n ** 62n),
    });
  });
});
