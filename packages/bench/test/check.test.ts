import { describe, expect, it } from 'vitest';
import { check, compare } from '../src/report/check.js';
import { COMMAND, LIBRARY } from '../src/results.js';
import { measurement, resultsOf } from './support/results.js';

function run(ours: number, ...peers: number[]) {
  return resultsOf([
    measurement('cold', LIBRARY, ours),
    ...peers.map((milliseconds, index) => measurement('cold', `peer ${index}`, milliseconds)),
  ]);
}

describe('compare()', () => {
  it('finds nothing between a run and itself', () => {
    expect(compare(run(100, 200), run(100, 200))).toEqual({ compared: 1, losses: [] });
  });

  it('does not mind a machine that is slower for all', () => {
    expect(compare(run(1000, 2000), run(100, 200)).losses).toEqual([]);
  });

  it('lets a loss of 15 % pass and names a larger one', () => {
    expect(compare(run(114, 200), run(100, 200)).losses).toEqual([]);
    const [loss] = compare(run(116, 200), run(100, 200)).losses;
    expect(loss?.name).toBe(`main, cold, ${LIBRARY}`);
    expect(loss?.stored).toBeCloseTo(0.5);
    expect(loss?.now).toBeCloseTo(0.58);
  });

  it('finds a loss where only the others became faster', () => {
    expect(compare(run(100, 150), run(100, 200)).losses).toHaveLength(1);
  });

  it('takes only the peers that both runs have', () => {
    expect(compare(run(100, 200, 1), run(100, 200)).losses).toEqual([]);
    expect(compare(run(100, 200), run(100, 200, 1)).losses).toEqual([]);
  });

  it('takes a baseline where there is no peer', () => {
    const start = (ours: number) =>
      resultsOf([
        measurement('start', COMMAND, ours),
        measurement('start', 'node -e 0', 10, { role: 'baseline' }),
      ]);
    expect(compare(start(15), start(14)).losses).toEqual([]);
    expect(compare(start(20), start(14)).losses).toHaveLength(1);
  });

  it('compares nothing that only one run has', () => {
    const warm = resultsOf([measurement('warm', LIBRARY, 1), measurement('warm', 'peer 0', 1)]);
    expect(compare(run(100, 200), warm)).toEqual({ compared: 0, losses: [] });
  });
});

describe('check()', () => {
  it('names the case that became slower and by how much', () => {
    const { lines, ok } = check(run(150, 200), run(100, 200));
    expect(ok).toBe(false);
    expect(lines).toEqual([
      'Slower by 50 %: main, cold, muse, library: 0.75 times the others, was 0.50',
      '1 case compared, 1 slower by more than 15 %',
    ]);
  });

  it('fails where there is nothing to compare', () => {
    expect(check(run(100), run(100)).ok).toBe(false);
  });
});
