import { expect, it } from 'vitest';
import type { Skipped } from '../results.js';
import type { Contestant } from './contestant.js';
import { runInTurn } from './in-turn.js';

function contestant(name: string, log: string[], more: Partial<Contestant> = {}): Contestant {
  let run = 0;
  return {
    case: 'cold',
    name,
    role: 'peer',
    prepare: () => void log.push(`prepare ${name}`),
    run: () => {
      log.push(name);
      return { milliseconds: run++ === 0 ? 1000 : run };
    },
    ...more,
  };
}

const nobody = { tree: 'tree', onSkip: () => undefined };

it('runInTurn() runs all in each round and throws the first one away', async () => {
  const log: string[] = [];
  const contestants = ['a', 'b'].map((name) => contestant(name, log, { account: () => ({ peakBytes: 7 }) }));
  const [a, b] = await runInTurn(contestants, { ...nobody, rounds: 2 });
  const round = ['prepare a', 'a', 'prepare b', 'b'];
  expect(log).toEqual([...round, ...round, ...round, 'prepare a', 'prepare b']);
  expect(a).toMatchObject({ tree: 'tree', name: 'a', milliseconds: { samples: [2, 3] }, peakBytes: 7 });
  expect(b?.milliseconds.median).toBe(2.5);
});

it('runInTurn() tells the mean CPU time, whose clock ticks seldom', async () => {
  const ticks = [9, 0.01, 0.01, 0.04];
  const run = () => ({ milliseconds: 1, cpuSeconds: { user: ticks.shift() ?? NaN, system: 0 } });
  const [only] = await runInTurn([contestant('a', [], { run })], { ...nobody, rounds: 3 });
  expect(only?.cpuSeconds).toEqual({ user: 0.02, system: 0 });
});

it('runInTurn() leaves out a peer that fails, with its reason, and runs the others on', async () => {
  const skipped: Skipped[] = [];
  const fails = contestant('a', [], {
    run: () => {
      throw new Error('broken');
    },
  });
  const measured = await runInTurn([fails, contestant('b', [])], {
    ...nobody,
    rounds: 1,
    onSkip: (each) => skipped.push(each),
  });
  expect(measured.map(({ name }) => name)).toEqual(['b']);
  expect(skipped).toEqual([{ name: 'a (tree, cold)', reason: 'broken' }]);
});

it('runInTurn() rejects when ours fails, and closes what is open', async () => {
  let closed = false;
  const ours = contestant('ours', [], {
    role: 'ours',
    run: () => Promise.reject(new Error('broken')),
    close: () => {
      closed = true;
    },
  });
  await expect(runInTurn([ours], { ...nobody, rounds: 1 })).rejects.toThrow('broken');
  expect(closed).toBe(true);
});

it('runInTurn() runs a slow one once and says so', async () => {
  const log: string[] = [];
  const [slow] = await runInTurn([contestant('slow', log, { once: true })], { ...nobody, rounds: 3 });
  expect(log).toEqual(['prepare slow', 'slow']);
  expect(slow?.notes).toEqual(['one run, without a round to warm up']);
});
