import { describe, expect, it } from 'vitest';
import type { FileCacheEntry } from './types.js';
import { changedField } from './pending.js';

const stat = { size: 5n, mtimeNs: 1n, ctimeNs: 2n, ino: 3n };
const entry: FileCacheEntry = { ...stat, objectId: `sha256:${'0'.repeat(64)}`, dimensions: new Map() };

describe('changedField', () => {
  it('finds no change between equal stats', () => {
    expect(changedField(entry, stat)).toBeUndefined();
  });

  it.each([
    ['size', { ...stat, size: 6n }],
    ['mtime', { ...stat, mtimeNs: 0n }],
    ['ctime', { ...stat, ctimeNs: 3n }],
    ['inode', { ...stat, ino: 4n }],
  ] as const)('names a change of %s', (field, changed) => {
    expect(changedField(entry, changed)).toBe(field);
  });

  it('calls an entry without a ctime changed', () => {
    expect(changedField({ ...entry, ctimeNs: undefined }, stat)).toBe('ctime');
  });

  it('takes the negative number that Node gives for a large inode as the large one', () => {
    const large = 2n ** 64n - 1n;
    expect(changedField({ ...entry, ino: large }, { ...stat, ino: -1n })).toBeUndefined();
  });
});
