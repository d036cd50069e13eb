import { describe, expect, it } from 'vitest';
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
      expect(clock.trusts(fileStat({ size, ctimeNs: boundary - quiet - 1n }), boundary)).toBe(true);
      expect(clock.trusts(fileStat({ size, ctimeNs: boundary - quiet }), boundary)).toBe(false);
      expect(clock.trusts(fileStat({ size, ctimeNs: boundary - quiet + 1n }), boundary)).toBe(false);
    }
  });

  it('never trusts a ctime ahead of the clock, and does not look at mtime', async () => {
    const clock = clockOf({});
    const boundary = await clock.now();
    expect(clock.trusts(fileStat({ ctimeNs: boundary + 1n, mtimeNs: 0n }), boundary)).toBe(false);
    const long = boundary - 1000n * MS;
    expect(clock.trusts(fileStat({ ctimeNs: long, mtimeNs: boundary + 10n ** 18n }), boundary)).toBe(true);
  });

  it('judges a file on another device by the local clock less 3 s, whichever clock is behind', async () => {
    for (const ahead of [0n, 3600_000n * MS]) {
      const clock = clockOf({ ctimeNs: NOW + ahead });
      const boundary = await clock.now();
      const late = NOW - 3000n * MS - 20n * MS;
      expect(clock.trusts(fileStat({ dev: 9n, ctimeNs: late - 1n }), boundary)).toBe(true);
      expect(clock.trusts(fileStat({ dev: 9n, ctimeNs: late }), boundary)).toBe(false);
      expect(clock.quietAt(fileStat({ dev: 9n, ctimeNs: late }), boundary)).toBe(boundary);
    }
    const behind = clockOf({ ctimeNs: NOW - 3600_000n * MS });
    const boundary = await behind.now();
    expect(behind.trusts(fileStat({ dev: 9n, ctimeNs: boundary - 20n * MS }), boundary)).toBe(false);
    expect(behind.trusts(fileStat({ dev: 9n, ctimeNs: boundary - 20n * MS - 1n }), boundary)).toBe(true);
  });

  it('takes the local clock less 3 s where there is no probe', async () => {
    const clock = clockOf(undefined);
    const boundary = await clock.now();
    expect(boundary).toBe(NOW - 3000n * MS);
    expect(clock.trusts(fileStat({ dev: 5n, ctimeNs: boundary - 20n * MS - 1n }), boundary)).toBe(true);
    expect(clock.trusts(fileStat({ dev: 5n, ctimeNs: boundary - 20n * MS }), boundary)).toBe(false);
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
    expect(clock.trusts(fileStat({ dev: 9n, ctimeNs: NOW - 3000n * MS }), boundary)).toBe(false);
  });

  it('forgets old boundaries, and then trusts no file of another device by them', async () => {
    let stamp = NOW;
    const clock = new BoundaryClock(
      () => Promise.resolve({ ctimeNs: (stamp += MS), dev: 1n }),
      () => NOW,
    );
    const first = await clock.now();
    const long = { ctimeNs: NOW - 100_000n * MS };
    expect(clock.trusts(fileStat({ dev: 9n, ...long }), first)).toBe(true);
    for (let n = 0; n < 100; n++) await clock.now();
    expect(clock.trusts(fileStat({ dev: 9n, ...long }), first)).toBe(false);
    expect(clock.trusts(fileStat({ dev: 1n, ...long }), first)).toBe(true);
    expect(clock.trusts(fileStat({ dev: 1n, ctimeNs: first }), first)).toBe(false);
  });

  it('takes a boundary from elsewhere at its word before it has probed', () => {
    const clock = clockOf({});
    expect(clock.trusts(fileStat({ dev: 9n, ctimeNs: NOW - 21n * MS }), NOW)).toBe(true);
    expect(clock.trusts(fileStat({ dev: 9n, ctimeNs: NOW - 20n * MS }), NOW)).toBe(false);
  });
});
