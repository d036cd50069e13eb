import { setTimeout as sleep } from 'node:timers/promises';
import type { Tree } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import type { DirectoryResult, Miss } from '../take/join.js';
import type { HashEngine } from './engine.js';
import { batchesOf as planned, hashMisses } from './hash-misses.js';

const batchesOf = <T extends { readonly size: number }>(all: readonly T[]) => planned(all, 64);
const MiB = 1024 * 1024;
const files = (...sizes: number[]) => sizes.map((size, i) => ({ path: `f${i}`, size }));
const sizes = (batches: { size: number }[][]) => batches.map((batch) => batch.map(({ size }) => size));

describe('batchesOf', () => {
  it('puts large files first and alone, the largest before all', () => {
    expect(sizes(batchesOf(files(1, MiB, 2, 5 * MiB, MiB - 1)))).toEqual([[5 * MiB], [MiB], [1, 2, MiB - 1]]);
  });

  it('ends a batch with 64 files or 2 MiB', () => {
    expect(batchesOf(files(...Array.from({ length: 130 }, () => 1))).map(({ length }) => length)).toEqual([
      64, 64, 2,
    ]);
    const half = MiB / 2;
    expect(sizes(batchesOf(files(half, half, half, half, half)))).toEqual([[half, half, half, half], [half]]);
  });

  it('has each file once', () => {
    const all = files(...Array.from({ length: 500 }, (_, i) => (i * 7919) % (2 * MiB)));
    const planned = batchesOf(all).flat();
    expect(planned).toHaveLength(500);
    expect(new Set(planned).size).toBe(500);
  });

  it('is empty for no files', () => {
    expect(batchesOf([])).toEqual([]);
  });
});

describe('hashMisses', () => {
  it('leaves no call behind when it fails', async () => {
    let underWay = 0;
    const engine: HashEngine = {
      capacity: 2,
      batchFiles: 1,
      prepare: () => undefined,
      hash: async () => {
        underWay++;
        await sleep(10);
        underWay--;
        return new Int32Array();
      },
    };
    const misses = files(1, 1, 1, 1, 1, 1).map((file) => ({
      ...file,
      toHash: () => file,
    })) as unknown as Miss[];
    const options = { engine, cache: undefined, onProgress: () => undefined, signal: undefined };
    const hashed = hashMisses(undefined as unknown as Tree<DirectoryResult>, misses, options);
    await expect(hashed).rejects.toThrow('a file has no row');
    expect(underWay).toBe(0);
  });
});
