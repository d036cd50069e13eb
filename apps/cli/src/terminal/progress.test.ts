import type { Progress } from '@muse/snapshot';
import { seededRandom } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { Forecast, progressLine } from './progress.js';

const hashing: Progress = {
  phase: 'hash',
  files: 4_000,
  hashedFiles: 1_500,
  filesToHash: 3_000,
  hashedBytes: 250_000_000,
  bytesToHash: 1_000_000_000,
};

const lineOf = (progress: Progress, columns = 200, left: number | undefined = 30_000) =>
  progressLine(progress, { hashingFor: 10_000, left, columns });

describe('progressLine()', () => {
  it('counts files while the tree is listed', () => {
    expect(lineOf({ ...hashing, phase: 'scan' })).toBe('listing  4,000 files');
    expect(lineOf({ ...hashing, filesToHash: 0 })).toBe('listing  4,000 files');
  });

  it.each([
    [
      200,
      'hashing  [======                  ] 25 %  1,500 of 3,000 files  250 MB of 1.00 GB  25.0 MB/s  ETA 30 s',
    ],
    [100, 'hashing  [===       ] 25 %  1,500 of 3,000 files  250 MB of 1.00 GB  ETA 30 s'],
    [79, 'hashing  [===       ] 25 %  1,500 of 3,000 files  250 MB of 1.00 GB  ETA 30 s'],
    [70, '[===       ] 25 %  1,500 of 3,000 files  250 MB of 1.00 GB  ETA 30 s'],
    [50, '[===       ] 25 %  250 MB of 1.00 GB  ETA 30 s'],
    [39, '[===       ] 25 %  250 MB  ETA 30 s'],
    [25, '25 %  250 MB  ETA 30 s'],
    [20, '25 %  ETA 30 s'],
    [5, '25 %'],
  ])('tells as much as fits into %d columns', (columns, line) => {
    expect(lineOf(hashing, columns)).toBe(line);
  });

  it('keeps its parts from the beginning to the end', () => {
    for (const columns of [20, 30, 39, 50, 60, 70, 79, 90, 100, 120]) {
      const shapes = [0, 0.01, 0.5, 0.99, 1].map((share) => {
        const done = { hashedFiles: 3_000 * share, hashedBytes: 1e9 * share };
        const line = lineOf({ ...hashing, ...done }, columns, share === 0 ? undefined : 10_000 * (1 - share));
        expect(line.length).toBeLessThanOrEqual(columns);
        return line
          .replace(/ {2}ETA.*| {2}[\d.]+ MB\/s/g, '')
          .replace(/[\d.,]+( [kMG]?B)?|=/g, '')
          .replace(/\[ *\]/, '[]');
      });
      expect(new Set(shapes).size).toBe(1);
    }
  });

  it('names no time that is not known', () => {
    expect(progressLine(hashing, { hashingFor: 10, left: undefined, columns: 200 })).not.toContain('ETA');
    expect(
      progressLine({ ...hashing, hashedBytes: 0 }, { hashingFor: 0, left: undefined, columns: 200 }),
    ).toBe('hashing  [                        ] 0 %  1,500 of 3,000 files  0 B of 1.00 GB');
  });

  it('goes by files where they are all empty', () => {
    expect(lineOf({ ...hashing, hashedBytes: 0, bytesToHash: 0 })).toContain('50 %');
  });

  it('stops at the end when files grew', () => {
    expect(lineOf({ ...hashing, hashedBytes: 2_000_000_000 })).toContain('] 100 %');
  });
});

describe('Forecast', () => {
  it('tells nothing before a second has been measured', () => {
    const forecast = new Forecast();
    expect([0, 500, 999].map((now) => forecast.left(now / 10_000, now))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(forecast.left(0.1, 1000)).toBeCloseTo(9000);
  });

  it('tells nothing while nothing is done', () => {
    const forecast = new Forecast();
    expect([0, 1000, 5000].map((now) => forecast.left(0.2, now))).toEqual([undefined, undefined, undefined]);
  });

  it('is exact at a steady pace, from wherever it began', () => {
    const forecast = new Forecast();
    for (let now = 0; now < 8000; now += 100) {
      const left = forecast.left(0.2 + now / 10_000, now);
      if (left !== undefined) expect(left).toBeCloseTo(8000 - now, 3);
    }
  });

  it.each([5, 6, 7])('does not jump where the pace does, and comes to what is true (seed %d)', (seed) => {
    const random = seededRandom(seed);
    const forecast = new Forecast();
    let share = 0;
    let before: number | undefined;
    // A tenth of the pace or ten times as much, for a second or so at a time, and at last steady.
    let pace = 1e-5;
    for (let now = 0; share < 0.9; now += 100) {
      if (share < 0.5 && random() < 0.1) pace = random() < 0.5 ? 1e-6 : 1e-5;
      if (share >= 0.5) pace = 5e-6;
      const left = forecast.left(share, now);
      if (left !== undefined && before !== undefined) {
        // In a tenth of a second, besides the time that has passed.
        expect(Math.abs(left - (before - 100))).toBeLessThan(0.012 * before + 5);
      }
      before = left;
      share += pace * 100;
    }
    expect(before).toBeGreaterThan(0.1 / 5e-6 / 1.1);
    expect(before).toBeLessThan((0.1 / 5e-6) * 1.1);
  });

  it('grows without end where everything stands still', () => {
    const forecast = new Forecast();
    forecast.left(0, 0);
    const first = forecast.left(0.5, 1000) ?? 0;
    let left = first;
    for (let now = 1100; now < 60_000; now += 100) {
      const next = forecast.left(0.5, now) ?? 0;
      expect(next - left).toBeLessThan(0.05 * left + 100);
      left = next;
    }
    expect(left).toBeGreaterThan(first);
    expect(Number.isFinite(left)).toBe(true);
  });
});
