import { setTimeout as sleep } from 'node:timers/promises';
import { StatCache, type FileRead, type FileStat } from '@muse/stat-cache';
import { DirectoryNode, NEW, type Tree } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { FILE_STAT, listingOf } from '../../../test/support/listings.js';
import { DirectoryResult } from '../take/join.js';
import type { Progress } from '../types.js';
import type { HashEngine } from './engine.js';
import { batchesOf, findMisses, hashMisses } from './hash-misses.js';
import { HashReplyWriter } from './reply.js';

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
  /** Returns an engine that read each file as it is told. */
  const engineOf = (readOf: (name: string, size: number) => Partial<FileRead>): HashEngine => ({
    capacity: 2,
    most: { files: 2, bytes: MiB },
    prepare: () => undefined,
    hash: (batch) => {
      const writer = new HashReplyWriter(batch.length);
      for (const { name, size } of batch.files()) {
        const before = { ...FILE_STAT, size: BigInt(size) };
        const read = { before, after: before, bytes: size, digest: '5a'.repeat(32) };
        writer.addRead({ ...read, ...readOf(name, size) });
      }
      return Promise.resolve(writer.take());
    },
  });
  const run = async (directory: DirectoryResult, engine: HashEngine) => {
    const cache = StatCache.empty();
    const tree = {
      listed: [directory.node],
      list: () => Promise.resolve(),
    } as unknown as Tree<DirectoryResult>;
    const counts: Partial<Progress>[] = [];
    const onProgress = (added: Partial<Progress>) => counts.push(added);
    const hashed = await hashMisses(tree, { engine, cache, onProgress, signal: undefined });
    const sum = (key: 'hashedFiles' | 'hashedBytes') =>
      counts.reduce((all, added) => all + (added[key] ?? 0), 0);
    expect([sum('hashedFiles'), sum('hashedBytes')]).toEqual([hashed.files, hashed.bytes]);
    return { hashed, cache };
  };

  it('keeps and records what was read, and counts it', async () => {
    const directory = directoryOf(1, 20, 300);
    const { hashed, cache } = await run(
      directory,
      engineOf(() => ({})),
    );
    expect(hashed).toEqual({ files: 3, bytes: 321, uncached: 0, ahead: 0 });
    expect([0, 1, 2].map((entry) => directory.idOf(entry))).toEqual(
      Array(3).fill(`sha256:${'5a'.repeat(32)}`),
    );
    expect(cache.lookup('d/f001', { ...FILE_STAT, size: 20n })).toBe(`sha256:${'5a'.repeat(32)}`);
    expect(cache.size).toBe(3);
  });

  it('keeps what was read of a file whose size lies, and does not record it', async () => {
    const directory = directoryOf(0, 5);
    const lies = engineOf((name) => (name === 'f000' ? { bytes: 77 } : {}));
    const { hashed, cache } = await run(directory, lies);
    expect(hashed).toEqual({ files: 2, bytes: 82, uncached: 1, ahead: 0 });
    expect(directory.bytesRead(0)).toBe(77);
    expect([cache.has('d/f000'), cache.has('d/f001')]).toEqual([false, true]);
  });

  it('counts files whose ctime lies ahead of the clock, and never trusts them', async () => {
    const later = BigInt(Date.now() + 60_000) * 1_000_000n;
    const soon = BigInt(Date.now() - 10) * 1_000_000n;
    const stat = (ctimeNs: bigint) => ({ ...FILE_STAT, size: 1n, ctimeNs });
    const before: Readonly<Record<string, FileStat>> = {
      f000: stat(later),
      f001: stat(soon),
      f002: stat(5n),
    };
    const engine = engineOf((name) => {
      const its = before[name] ?? stat(0n);
      return { before: its, after: its };
    });
    const { hashed, cache } = await run(directoryOf(1, 1, 1), engine);
    expect(hashed.ahead).toBe(1);
    expect(
      Object.keys(before).map((name) => cache.lookup(`d/${name}`, before[name] ?? stat(0n)) === undefined),
    ).toEqual([true, true, false]);
    expect(cache.racy).toBe(2);
  });

  it('calls a file torn that changes each time it is read, and records nothing of it', async () => {
    const directory = directoryOf(1, 1);
    const after = { ...FILE_STAT, size: 1n, ctimeNs: 6n };
    const { hashed, cache } = await run(
      directory,
      engineOf((name) => (name === 'f000' ? { after } : {})),
    );
    expect([hashed.files, cache.size, directory.idOf(0)]).toEqual([1, 1, undefined]);
    expect(directory.problems).toMatchObject([{ path: 'd/f000', kind: 'torn' }]);
  });

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
    const tree = { listed: [directoryOf(1, 1, 1, 1, 1, 1).node] } as unknown as Tree<DirectoryResult>;
    const options = { engine, cache: undefined, onProgress: () => undefined, signal: undefined };
    await expect(hashMisses(tree, options)).rejects.toThrow('Broken hash reply');
    expect(underWay).toBe(0);
  });
});
