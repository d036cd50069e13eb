import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DETAIL_WORDS, PackedStats } from './packed-stat.js';
import { StatxRecord } from './linux-directory.js';

/** What Node has of a `struct statx`, by offset in bytes. */
interface Fields {
  readonly mask: number;
  readonly mode: number;
  readonly ino: bigint;
  readonly size: bigint;
  readonly ctime: readonly [seconds: bigint, nanoseconds: number];
  readonly mtime: readonly [seconds: bigint, nanoseconds: number];
  readonly major: number;
  readonly minor: number;
}

const plain: Fields = {
  mask: 0x17ff,
  mode: 0o100644,
  ino: 12n,
  size: 34n,
  ctime: [1_700_000_000n, 123_456_789],
  mtime: [1_600_000_000n, 987_654_321],
  major: 8,
  minor: 1,
};

function recordOf(fields: Partial<Fields>): StatxRecord {
  const record = new StatxRecord();
  const { mask, mode, ino, size, ctime, mtime, major, minor } = { ...plain, ...fields };
  // What lies between is not ours: it must not matter.
  record.bytes.fill(0xa5);
  const view = new DataView(record.bytes.buffer);
  view.setUint32(0, mask, true);
  view.setUint16(28, mode, true);
  view.setBigUint64(32, ino, true);
  view.setBigUint64(40, size, true);
  for (const [offset, [seconds, nanoseconds]] of [
    [96, ctime],
    [112, mtime],
  ] as const) {
    view.setBigInt64(offset, seconds, true);
    view.setUint32(offset + 8, nanoseconds, true);
  }
  view.setUint32(136, major, true);
  view.setUint32(140, minor, true);
  return record;
}

function packed(record: StatxRecord) {
  const words = new Int32Array(DETAIL_WORDS);
  record.copyTo(words, 0);
  return new PackedStats(words).at(0).copy();
}

const nanoseconds = (time: readonly [bigint, number]) => time[0] * 1_000_000_000n + BigInt(time[1]);
const times = fc.tuple(
  fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -10_000_000_000n, max: 10_000_000_000n }),
  ),
  fc.integer({ min: 0, max: 999_999_999 }),
);
const words = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('StatxRecord', () => {
  it('gives size and inode number, of 64 bits, and times to the nanosecond as they are', () => {
    const inodes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const sizes = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(inodes, sizes, times, times, (ino, size, ctime, mtime) => {
        const stat = packed(recordOf({ ino, size, ctime, mtime }));
        const expected = { ino, size, ctimeNs: nanoseconds(ctime), mtimeNs: nanoseconds(mtime) };
        expect(stat).toMatchObject(expected);
      }),
    );
  });

  it.each([
    [0n, 0],
    [0n, 999_999_999],
    [-1n, 999_999_999],
    [-1n, 0],
    [-9_223_372_037n, 145_224_191],
    [9_223_372_036n, 854_775_808],
    [-(2n ** 63n), 0],
    [2n ** 63n - 1n, 999_999_999],
    [4_294_967_295n, 999_999_999],
    [4_294_967_296n, 0],
    [65_535n, 4],
    [65_536n, 5],
  ])('gives the time %i.%i', (...time) => {
    expect(packed(recordOf({ mtime: time })).mtimeNs).toBe(nanoseconds(time));
  });

  it('puts the device together as the C library does', () => {
    fc.assert(
      fc.property(words, words, (major, minor) => {
        const [high, low] = [BigInt(major), BigInt(minor)];
        const dev =
          ((high & 0xfffn) << 8n) |
          ((high & 0xfffff000n) << 32n) |
          (low & 0xffn) |
          ((low & 0xffffff00n) << 12n);
        expect(packed(recordOf({ major, minor })).dev).toBe(dev);
      }),
    );
  });

  it('knows its inode, also by the negative number that Node makes of a large one', () => {
    const record = recordOf({ ino: 2n ** 64n - 5n });
    const { dev } = packed(record);
    expect(record.isOf({ dev, ino: 2n ** 64n - 5n })).toBe(true);
    expect(record.isOf({ dev, ino: -5n })).toBe(true);
    expect(record.isOf({ dev, ino: 5n })).toBe(false);
    expect(record.isOf({ dev: dev + 1n, ino: -5n })).toBe(false);
  });

  it('gives file type and permissions', () => {
    expect(recordOf({ mode: 0o140755 }).mode).toBe(0o140755);
  });

  it.each([0x1, 0x2, 0x40, 0x80, 0x100, 0x200])('is not whole without %i', (bit) => {
    expect(recordOf({}).isWhole).toBe(true);
    expect(recordOf({ mask: 0x17ff & ~bit }).isWhole).toBe(false);
  });

  it.each(['ctime', 'mtime'])('is not whole with a %s that Node rounds', (name) => {
    for (const seconds of [2n ** 53n - 1n, -(2n ** 53n)]) {
      expect(recordOf({ [name]: [seconds, 0] }).isWhole).toBe(true);
    }
    for (const seconds of [2n ** 53n, -(2n ** 53n) - 1n]) {
      expect(recordOf({ [name]: [seconds, 0] }).isWhole).toBe(false);
    }
  });
});
