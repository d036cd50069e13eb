import { setTimeout as sleep } from 'node:timers/promises';
import { DirectoryNode, NEW, type Tree } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { FILE_STAT, listingOf } from '../../../test/support/listings.js';
import { DirectoryResult } from '../take/join.js';
import type { HashEngine } from './engine.js';
import { batchesOf, findMisses, hashMisses } from './hash-misses.js';

const MiB = 1024 * 1024;
const most = { files: 64, bytes: 2 * MiB };

/** Returns a directory whose files are all to be read. */
function directoryOf(...sizes: number[]): DirectoryResult {
  const node = new DirectoryNode<DirectoryResult>('d', { dev: 1n, ino: 1n }, undefined, { from: 0, to: 0 });
  const names = sizes.map((_, i) => `f${String(i).padStart(3, '0')}`);
  const stat = (name: string) => ({ ...FILE_STAT, size: BigInt(sizes[names.indexOf(name)] ?? 0) });
  const listing = listingOf(Object.fromEntries(names.map((name) => [name, NEW])), [], stat);
  const result = new DirectoryResult(node, listing, undefined);
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next())
    result.addMiss(cursor, 'new');
  node.value = result;
  node.listing = listing;
  return result;
}

/** Returns the sizes of the files in each batch. */
const sizesOf = (...directories: DirectoryResult[]) =>
  [...batchesOf(findMisses(directories), most)].map((batch) => [...batch.files()].map(({ size }) => size));

describe('batchesOf', () => {
  it('puts large files first and alone, the largest before all', () => {
    const directories = [directoryOf(1, MiB, 2), directoryOf(5 * MiB, MiB - 1)];
    expect(sizesOf(...directories)).toEqual([[5 * MiB], [MiB], [1, 2, MiB - 1]]);
  });

  it('ends a batch with as many files or bytes as the engine wants', () => {
    const many = directoryOf(...Array.from({ length: 130 }, () => 1));
    expect(sizesOf(many).map(({ length }) => length)).toEqual([64, 64, 2]);
    const half = MiB / 2;
    expect(sizesOf(directoryOf(half, half, half, half, half))).toEqual([[half, half, half, half], [half]]);
  });

  it('has each file once, with its own directory, name and size', () => {
    const size = (i: number) => (i * 7919) % (2 * MiB);
    const directories = [0, 1, 2].map((d) =>
      directoryOf(...Array.from({ length: 150 }, (_, i) => size(d * 150 + i))),
    );
    const files = [...batchesOf(findMisses(directories), most)].flatMap((batch) => [...batch.files()]);
    const seen = files.map(({ directory, name }) => {
      const d = directories.findIndex(({ node }) => node === directory);
      return d * 150 + Number(name.slice(1));
    });
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, i) => i));
    for (const { directory, name, size: its } of files) {
      const d = directories.findIndex(({ node }) => node === directory);
      expect(its).toBe(size(d * 150 + Number(name.slice(1))));
    }
  });

  it('leaves out files that were read, and such as have a problem', () => {
    const directory = directoryOf(1, 2, 3);
    directory.setDigest(0, new Int32Array(8), 0);
    directory.problems.push({ path: 'd/f001', kind: 'torn', operation: 'read', code: 'ETORN', message: '' });
    expect(sizesOf(directory)).toEqual([[3]]);
  });

  it('is empty for no files', () => {
    expect(sizesOf()).toEqual([]);
  });
});

describe('hashMisses', () => {
  it('leaves no call behind when it fails', async () => {
    let underWay = 0;
    const engine: HashEngine = {
      capacity: 2,
      most: { files: 1, bytes: MiB },
      prepare: () => undefined,
      hash: async () => {
        underWay++;
        await sleep(10);
        underWay--;
        return new Int32Array();
      },
    };
    const tree = { top: directoryOf(1, 1, 1, 1, 1, 1).node } as unknown as Tree<DirectoryResult>;
    const options = { engine, cache: undefined, onProgress: () => undefined, signal: undefined };
    await expect(hashMisses(tree, options)).rejects.toThrow('Broken hash reply');
    expect(underWay).toBe(0);
  });
});
