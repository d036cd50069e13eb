import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DETAIL_WORDS, Details, PackedStats } from './reply.js';

const stat = (n: bigint) => ({ dev: n, ino: n + 1n, size: n + 2n, mtimeNs: -n, ctimeNs: n * n });
const viewOf = (details: Details, index = 0) => new PackedStats(details.words).at(index * DETAIL_WORDS);

describe('Details', () => {
  it.each([1, 64, 65, 256, 257, 5000])('keeps %i stats as they are', (count) => {
    const details = new Details();
    for (let i = 0; i < count; i++) details.add(stat(BigInt(i)));
    for (let i = 0; i < count; i++) {
      if (viewOf(details, i).ino !== BigInt(i) + 1n) throw new Error(`Stat ${i} is another one`);
    }
    expect(viewOf(details, count - 1).copy()).toEqual(stat(BigInt(count - 1)));
  });

  it('keeps times before 1970, and inode numbers from 2^63 on as positive numbers', () => {
    const details = new Details();
    // Node gives such an inode number as a negative one.
    details.add({ dev: 1n, ino: -1n, size: 0n, mtimeNs: -1n, ctimeNs: -(2n ** 62n) });
    // A packed one is copied, not taken apart.
    details.add(viewOf(details));
    for (const index of [0, 1]) {
      expect(viewOf(details, index).copy()).toEqual({
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
        const details = new Details();
        details.add({ ...stat(0n), mtimeNs, ctimeNs });
        details.add(viewOf(details));
        for (const index of [0, 1]) expect(viewOf(details, index)).toMatchObject({ mtimeNs, ctimeNs });
      }),
    );
  });

  it('takes back what was added last', () => {
    const details = new Details();
    for (let i = 0; i < 300; i++) details.add(stat(BigInt(i)));
    details.truncate(2);
    details.add(stat(9n));
    expect([0, 1, 2].map((i) => viewOf(details, i).copy())).toEqual([0n, 1n, 9n].map(stat));
  });

  it('keeps why an entry could not be statted, and nothing of what stood there before', () => {
    const details = new Details();
    details.add(stat(-1n));
    details.truncate(0);
    details.addFailure(13, 4);
    expect([...details.words.subarray(0, DETAIL_WORDS)]).toEqual([13, 4, ...new Array<number>(10).fill(0)]);
  });

  it('has no stat beyond its memory', () => {
    expect(() => viewOf(new Details(), 64).ino).toThrow(RangeError);
  });
});
