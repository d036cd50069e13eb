import type { ObjectId } from '@muse/stat-cache';
import { expect, it } from 'vitest';
import { inPathOrder } from './manifest.js';

const id: ObjectId = `sha256:${'0'.repeat(64)}`;

it('inPathOrder returns a sorted manifest itself, and a sorted copy of another', () => {
  const sorted = new Map([
    ['a', id],
    ['b', id],
  ]);
  expect(inPathOrder(sorted)).toBe(sorted);
  const other = new Map(['💩', 'b', '\ue000', '10', '__proto__', '2'].map((path) => [path, id]));
  expect([...inPathOrder(other).keys()]).toEqual(['10', '2', '__proto__', 'b', '\ue000', '💩']);
  expect([...other.keys()][0]).toBe('💩');
});
