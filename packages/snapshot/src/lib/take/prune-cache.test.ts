import { blobId, StatCache, type ObjectId } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import type { Problem } from '@muse/walker';
import { prune as pruneCache, type Found } from './take-snapshot.js';

const id: ObjectId = blobId(new Uint8Array());
const stat = { dev: 1n, ino: 1n, size: 0n, mtimeNs: 0n, ctimeNs: 0n };
const CACHED = ['a', 'd/b', 'd/e/c', 'd.x', 'dd/f', 'gone'];

function cacheOf(paths: readonly string[]): StatCache {
  const cache = StatCache.empty();
  for (const path of paths) cache.record(path, stat, id);
  return cache;
}

function prune(
  cache: StatCache,
  files: readonly string[],
  problems: readonly string[] = [],
  uncached = 0,
): number {
  const assembled = {
    counts: { files: files.length } as Found['assembled']['counts'],
    problems: problems.map((path) => ({ path }) as Problem),
    manifest: () => new Map(files.map((path) => [path, id])),
  };
  const tree = undefined as unknown as Found['tree'];
  return pruneCache(cache, {
    tree,
    lines: undefined,
    pending: [],
    assembled,
    uncached,
    subtree: '',
  });
}

const left = (cache: StatCache) => [...cache.entries()].map(([path]) => path).sort();

describe('pruneCache', () => {
  it('removes what has no file', () => {
    const cache = cacheOf(CACHED);
    expect(prune(cache, ['a', 'd/b'])).toBe(4);
    expect(left(cache)).toEqual(['a', 'd/b']);
  });

  it.each([
    ['a directory', ['d'], ['a', 'd/b', 'd/e/c']],
    ['a directory further down', ['d/e'], ['a', 'd/e/c']],
    ['a file', ['d/b'], ['a', 'd/b']],
    ['the root', [''], [...CACHED].sort()],
    ['something that has no entry', ['x'], ['a']],
  ])('spares what lies at or below a problem with %s', (_, problems, expected) => {
    const cache = cacheOf(CACHED);
    prune(cache, ['a'], problems);
    expect(left(cache)).toEqual(expected);
  });

  it('counts files that have no entry: as many entries as files are not the same', () => {
    const cache = cacheOf(['a', 'gone']);
    expect(prune(cache, ['a', 'lies'], [], 1)).toBe(1);
    expect(left(cache)).toEqual(['a']);
  });
});
