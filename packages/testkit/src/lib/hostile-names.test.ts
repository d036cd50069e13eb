import { expect, test } from 'vitest';
import { fsdecode, fsencode } from './fs-encoding.js';
import { hostileNames } from './hostile-names.js';

test('hostileNames are legal, and all different', () => {
  for (const name of hostileNames) {
    expect(name.length).toBeGreaterThan(0);
    expect(name.length).toBeLessThanOrEqual(255);
    expect(name.includes(0) || name.includes('/')).toBe(false);
  }
  expect(new Set(hostileNames.map((name) => name.toString('latin1'))).size).toBe(hostileNames.length);
});

test('fsencode gives back the bytes that fsdecode took', () => {
  const texts = hostileNames.map(fsdecode);
  expect(texts.map(fsencode)).toEqual(hostileNames);
  expect(new Set(texts).size).toBe(hostileNames.length);
});
