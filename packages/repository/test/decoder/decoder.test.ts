import { effort } from '@muse/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { everyBomb } from './bombs.js';
import { check } from './check.js';
import { texts } from './texts.js';

it('the JSON v3 decoder says of every text what a naive reader says', () => {
  let count = 0;
  let taken = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const checked = check(text);
      count++;
      if (checked.taken) taken++;
      expect(checked.fault, JSON.stringify(text.toString('latin1'))).toBeUndefined();
    }),
    { numRuns: 1_000_000, interruptAfterTimeLimit: effort(2_000, 300_000) },
  );
  // Were nearly all of them refused, the run would say little.
  expect(count).toBeGreaterThan(50);
  expect(taken).toBeGreaterThan(count / 10);
});

it('the JSON v3 decoder spends on no text more than it is worth', () => {
  expect([...everyBomb()].flatMap((text) => check(text).fault ?? [])).toEqual([]);
});
