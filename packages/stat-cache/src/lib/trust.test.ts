import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packedStat } from '../../test/support/packed-stat.js';
import { BoundaryClock, quietAt, quietNs } from './trust.js';
import type { FileStat, ProbeStamp } from './types.js';

const MS = 1_000_000n;
const MIB = 1024n * 1024n;
const NOW = 1_700_000_000_000n * MS;

function fileStat(given: Partial<FileStat> = {}): FileStat {
  return { dev: 1n, ino: 2n, size: 0n, mtimeNs: NOW, ctimeNs: NOW, ...given };
}

/** A clock over probe stamps that a test gives one by one; the local clock stands still at `NOW`. */
function clockOf(...stamps: (Partial<ProbeStamp> | undefined)[]): BoundaryClock {
  const next = () => {
    const stamp = stamps.length > 1 ? stamps.shift() : stamps[0];
    return Promise.resolve(stamp && { ctimeNs: NOW, dev: 1n, ...stamp });
  };
  return new BoundaryClock(next, () => NOW);
}

/** Asks a clock, and that it says the same of the stat packed. */
function trusts(clock: BoundaryClock, stat: FileStat, boundary: bigint): boolean {
  const words = new Int32Array(BigInt64Array.from(packedStat(stat)).buffer);
  const trusted = clock.trusts(stat, boundary);
  expect(clock.judge(boundary)({ words, stat: 0, digest: 0 })).toBe(trusted);
  return trusted;
}

describe('quietNs', () => {
  it.each([
    [0n, 20n * MS],
    [1n, 20n * MS + 60n],
    [16n * MIB, 1020n * MS],
    [8n * MIB, 520n * MS],
    [2n ** 40n, 20n * MS + 65_536_000n * MS],
  ])('gives a file of %d bytes %d ns: 20 ms and its size at 16 MiB a second, rounded up', (size, quiet) => {
    expect(quietNs(size)).toBe(quiet);
    expect(quietAt({ ctimeNs: -5n, size })).toBe(quiet - 5n);
  });
});

describe('BoundaryClock', () => {
  it('gives out what the probe stamped', async () => {
    expect(await clockOf({ ctimeNs: 77n }).now()).toBe(77n);
  });

  it('trusts strictly: the quiet time must have ended before the boundary', async () => {
    const clock = clockOf({});
    const boundary = await clock.now();
    for (const size of [0n, 1n, 4096n, 100n * MIB]) {
      const quiet = quietNs(size);
      expect(trusts(clock, fileStat({ size, ctimeNs: boundary - quiet - 1n }), boundary)).toBe(true);
      expect(trusts(clock, fileStat({ size, ctimeNs: boundary - quiet }), boundary)).toBe(false);
      expect(trusts(clock, fileStat({ size, ctimeNs: boundary - quiet + 1n }), boundary)).toBe(false);
    }
  });

  it('never trusts a ctime ahead of the clock, and does not look at mtime', async () => {
    const clock = clockOf({});
    const boundary = await clock.now();
    expect(trusts(clock, fileStat({ ctimeNs: boundary + 1n, mtimeNs: 0n }), boundary)).toBe(false);
    const long = boundary - 1000n * MS;
    expect(trusts(clock, fileStat({ ctimeNs: long, mtimeNs: boundary + 10n ** 18n }), boundary)).toBe(true);
  });

  it('judges a file on another device by the local clock less 3 s, whichever clock is behind', async () => {
    for (const ahead of [0n, 3600_000n * MS]) {
      const clock = clockOf({ ctimeNs: NOW + ahead });
      const boundary = await clock.now();
      const late = NOW - 3000n * MS - 20n * MS;
      expect(trusts(clock, fileStat({ dev: 9n, ctimeNs: late - 1n }), boundary)).toBe(true);
      expect(trusts(clock, fileStat({ dev: 9n, ctimeNs: late }), boundary)).toBe(false);
      expect(clock.quietAt(fileStat({ dev: 9n, ctimeNs: late }), boundary)).toBe(boundary);
    }
    const behind = clockOf({ ctimeNs: NOW - 3600_000n * MS });
    const boundary = await behind.now();
    expect(trusts(behind, fileStat({ dev: 9n, ctimeNs: boundary - 20n * MS }), boundary)).toBe(false);
    expect(trusts(behind, fileStat({ dev: 9n, ctimeNs: boundary - 20n * MS - 1n }), boundary)).toBe(true);
  });

  it('takes the local clock less 3 s where there is no probe', async () => {
    const clock = clockOf(undefined);
    const boundary = await clock.now();
    expect(boundary).toBe(NOW - 3000n * MS);
    expect(trusts(clock, fileStat({ dev: 5n, ctimeNs: boundary - 20n * MS - 1n }), boundary)).toBe(true);
    expect(trusts(clock, fileStat({ dev: 5n, ctimeNs: boundary - 20n * MS }), boundary)).toBe(false);
  });

  it('takes the local clock where the probe rejects', async () => {
    const clock = new BoundaryClock(
      () => Promise.reject(new Error('no room')),
      () => NOW,
    );
    expect(await clock.now()).toBe(NOW - 3000n * MS);
  });

  it('reads the local clock before it probes', async () => {
    let local = NOW;
    const clock = new BoundaryClock(
      () => {
        local += 10_000n * MS;
        return Promise.resolve(undefined);
      },
      () => local,
    );
    expect(await clock.now()).toBe(NOW - 3000n * MS);
  });

  it('counts from the first time when the same stamp is given out again', async () => {
    let local = NOW;
    const clock = new BoundaryClock(
      () => Promise.resolve({ ctimeNs: NOW, dev: 1n }),
      () => local,
    );
    const boundary = await clock.now();
    local += 60_000n * MS;
    expect(await clock.now()).toBe(boundary);
    expect(trusts(clock, fileStat({ dev: 9n, ctimeNs: NOW - 3000n * MS }), boundary)).toBe(false);
  });

  it('forgets old boundaries, and then trusts no file of another device by them', async () => {
    let stamp = NOW;
    const clock = new BoundaryClock(
      () => Promise.resolve({ ctimeNs: (stamp += MS), dev: 1n }),
      () => NOW,
    );
    const first = await clock.now();
    const long = { ctimeNs: NOW - 100_000n * MS };
    expect(trusts(clock, fileStat({ dev: 9n, ...long }), first)).toBe(true);
    for (let n = 0; n < 100; n++) await clock.now();
    expect(trusts(clock, fileStat({ dev: 9n, ...long }), first)).toBe(false);
    expect(trusts(clock, fileStat({ dev: 1n, ...long }), first)).toBe(true);
    expect(trusts(clock, fileStat({ dev: 1n, ctimeNs: first }), first)).toBe(false);
  });

  it('takes a boundary from elsewhere at its word before it has probed', () => {
    const clock = clockOf({});
    expect(trusts(clock, fileStat({ dev: 9n, ctimeNs: NOW - 21n * MS }), NOW)).toBe(true);
    expect(trusts(clock, fileStat({ dev: 9n, ctimeNs: NOW - 20n * MS }), NOW)).toBe(false);
  });

  it('says the same of packed stats, near the edge and as far off as numbers go', async () => {
    const clock = clockOf({});
    const boundary = await clock.now();
    const size = fc.oneof(fc.bigInt(0n, 2n ** 30n), fc.bigInt(0n, 2n ** 63n - 1n));
    const off = fc.oneof(
      fc.bigInt(-10n, 10n),
      fc.bigInt(-5_000n * MS, 5_000n * MS),
      fc.bigInt(-(2n ** 70n), 2n ** 70n),
    );
    fc.assert(
      fc.property(size, off, fc.constantFrom(1n, 2n, 2n ** 32n + 1n, 2n ** 64n - 1n), (size, off, dev) => {
        const ctimeNs = boundary - quietNs(size) + off;
        trusts(clock, fileStat({ dev, size, ctimeNs }), boundary);
      }),
      { numRuns: 2000 },
    );
  });
});
