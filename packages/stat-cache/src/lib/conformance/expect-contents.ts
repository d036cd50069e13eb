import assert from 'node:assert/strict';
import type { CacheContents, FileCacheEntry, LoadResult } from '../../index.js';

/** Returns the contents of a load or a decode; fails where they were discarded, or entries dropped. */
export function contentsOf(result: LoadResult): CacheContents {
  if (result && 'discarded' in result) {
    assert.fail(`The contents must not be discarded: ${result.discarded}, ${result.detail}`);
  }
  assert.equal(result?.dropped ?? 0, 0, 'No entry may be dropped');
  return result?.contents ?? NOTHING;
}

/** Returns contents that know nothing but these entries. */
export function contentsFrom(entries: ReadonlyMap<string, FileCacheEntry>): CacheContents {
  return {
    size: entries.size,
    has: (path) => entries.has(path),
    get: (path) => entries.get(path),
    entries: () => entries,
  };
}

const NOTHING = contentsFrom(new Map());

/** Fails unless these contents are exactly the expected ones, whichever way they are asked. */
export function expectContents(contents: CacheContents, expected: ReadonlyMap<string, FileCacheEntry>): void {
  assert.equal(contents.size, expected.size, 'size');
  const seen = new Set<string>();
  for (const [path, entry] of contents.entries()) {
    assert(!seen.has(path), `entries() must yield ${show(path)} once`);
    seen.add(path);
    const known = expected.get(path);
    assert(known, `entries() must not yield ${show(path)}`);
    expectEntry(path, entry, known);
  }
  assert.equal(seen.size, expected.size, 'entries() must yield as many entries as size says');
  for (const [path, entry] of expected) {
    assert(contents.has(path), `has(${show(path)}) must be true`);
    const found = contents.get(path);
    assert(found, `get(${show(path)}) must find the entry`);
    expectEntry(path, found, entry);
  }
  for (const path of ['', 'nowhere', '/', 'valueOf', ...[...expected.keys()].slice(0, 200)])
    expectAbsent(contents, expected, path);
  if (!contents.paths) return;
  const paths = [...contents.paths()];
  assert.equal(paths.length, expected.size, 'paths() must yield as many paths as size says');
  assert.equal(new Set(paths).size, paths.length, 'paths() must yield each path once');
  for (const path of paths) assert(expected.has(path), `paths() must not yield ${show(path)}`);
}

/** Asks for paths that are nearly one that is there. */
function expectAbsent(
  contents: CacheContents,
  expected: ReadonlyMap<string, FileCacheEntry>,
  path: string,
): void {
  for (const near of [`${path}/`, `${path}x`, path.slice(0, -1), path.normalize('NFD'), path.toUpperCase()]) {
    if (expected.has(near)) continue;
    assert(!contents.has(near), `has(${show(near)}) must be false`);
    assert.equal(contents.get(near), undefined, `get(${show(near)})`);
  }
}

function expectEntry(path: string, actual: FileCacheEntry, expected: FileCacheEntry): void {
  for (const field of ['size', 'mtimeNs', 'ctimeNs', 'ino', 'objectId'] as const) {
    assert.equal(actual[field], expected[field], `${field} of ${show(path)}`);
  }
  assert.equal(actual.dimensions.size, expected.dimensions.size, `dimensions of ${show(path)}`);
  for (const [name, text] of expected.dimensions) {
    assert.equal(actual.dimensions.get(name), text, `dimension ${show(name)} of ${show(path)}`);
  }
}

function show(path: string): string {
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
}
