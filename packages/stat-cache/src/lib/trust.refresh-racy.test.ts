import { describe, expect, it } from 'vitest';
import { planRefresh, waitPast } from './trust.js';

const MS = 1_000_000n;
const MIB = 1024n * 1024n;
const NOW = 10n ** 18n;

describe('planRefresh', () => {
  it('takes what becomes quiet in less than 100 ms, or is already', () => {
    const racy = [-1_000_000n, 0n, 50n, 99n, 100n, 101n, 10_000n].map((ms) => ({
      size: 1n,
      quietAt: NOW + ms * MS,
    }));
    const { files, quietAt } = planRefresh(racy, NOW);
    expect(files).toEqual(racy.slice(0, 4));
    expect(quietAt).toBe(NOW + 99n * MS);
  });

  it('takes the smallest first, and 256 MiB at most', () => {
    const sizes = [200n * MIB, 1n, 56n * MIB - 1n, 1n * MIB, 0n];
    const { files } = planRefresh(
      sizes.map((size) => ({ size, quietAt: NOW })),
      NOW,
    );
    expect(files.map(({ size }) => size)).toEqual([0n, 1n, 1n * MIB, 56n * MIB - 1n]);
    const exactly = [100n * MIB, 156n * MIB].map((size) => ({ size, quietAt: NOW }));
    expect(planRefresh(exactly, NOW).files).toHaveLength(2);
    const more = [100n * MIB, 156n * MIB + 1n].map((size) => ({ size, quietAt: NOW }));
    expect(planRefresh(more, NOW).files).toHaveLength(1);
  });

  it('waits for those alone that it takes', () => {
    const racy = [
      { size: 1n, quietAt: NOW - MS },
      { size: 300n * MIB, quietAt: NOW + 90n * MS },
    ];
    expect(planRefresh(racy, NOW)).toEqual({ files: racy.slice(0, 1), quietAt: NOW - MS });
  });

  it('takes nothing from nothing', () => {
    expect(planRefresh([], NOW).files).toEqual([]);
  });
});

describe('waitPast', () => {
  /** A clock that ticks every so many milliseconds, in a time that passes by sleeping alone. */
  function clockOf(tickMs: number): {
    naps: number[];
    now: () => Promise<bigint>;
    sleep: (ms: number) => Promise<void>;
  } {
    let time = NOW;
    const tick = BigInt(tickMs) * MS;
    const naps: number[] = [];
    return {
      naps,
      now: () => Promise.resolve(time - (time % tick)),
      sleep: (ms) => {
        naps.push(ms);
        time += BigInt(ms) * MS;
        return Promise.resolve();
      },
    };
  }

  it('does not sleep when the clock has passed already', async () => {
    const clock = clockOf(1);
    expect(await waitPast(NOW - 1n, NOW, clock)).toBe(NOW);
    expect(clock.naps).toEqual([]);
  });

  it.each([1, 4, 10, 20])(
    'waits for the tick after the stamp, of a clock that ticks every %i ms',
    async (tickMs) => {
      for (let ms = 0n; ms < 100n; ms++) {
        const clock = clockOf(tickMs);
        const stamp = NOW + ms * MS;
        const shown = await waitPast(stamp, await clock.now(), clock);
        expect(shown).toBeGreaterThan(stamp);
        expect(clock.naps.reduce((sum, nap) => sum + nap, 0)).toBeLessThanOrEqual(Number(ms) + tickMs + 2);
      }
    },
  );

  it('gives a clock up that stands still', async () => {
    const clock = { ...clockOf(1), now: () => Promise.resolve(NOW) };
    expect(await waitPast(NOW, NOW, clock)).toBe(NOW);
    expect(clock.naps.reduce((sum, nap) => sum + nap, 0)).toBeLessThan(50);
  });
});
