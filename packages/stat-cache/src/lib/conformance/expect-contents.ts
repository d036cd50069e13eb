import assert from 'node:assert/strict';
import { sortTreePaths } from '@muse/paths';
import { entryOfLine, nextLine, pathOfLine } from '../lines/lines.js';
import { contentsOf } from '../memory-storage.js';
import type { CacheContents, Discarded, FileCacheEntry, LoadResult, StoredLines } from '../types.js';

/** Returns the contents of a load or a decode; fails where they were discarded, or entries dropped. */
export function loadedContents(result: LoadResult): CacheContents {
  if (result && 'discarded' in result) {
    assert.fail(`The contents must not be discarded: ${result.discarded}, ${result.detail}`);
  }
  assert.equal(result?.dropped ?? 0, 0, 'No entry may be dropped');
  return result?.contents ?? NOTHING;
}

const NOTHING = contentsOf(new Map());

/** Waits for a check that goes on elsewhere, and returns what is so in the end. */
export async function checked<T extends LoadResult>(result: T): Promise<T | Discarded> {
  return (result && 'contents' in result ? await result.checking : undefined) ?? result;
}

/** Fails unless these contents are exactly the expected ones, whichever way they are asked. */
export function expectContents(contents: CacheContents, expected: ReadonlyMap<string, FileCacheEntry>): void {
  assert.equal(contents.size, expected.size, 'size');
  const seen = new Set<string>();
  for (const [path, entry] of contents.entries()) {
    assert(!seen.has(path), `entries() must yield ${show(path)} once`);
    seen.add(path);
    expectEntry(path, entry, expected.get(path));
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
  if (contents.lines) expectLines(contents.lines, expected);
  const verified = contents.verify?.();
  if (!verified) return;
  const checked = loadedContents(verified);
  assert.equal(checked.size, expected.size, 'verify() must give the same contents');
  for (const [path, entry] of checked.entries()) expectEntry(path, entry, expected.get(path));
}

/** Fails unless these lines are those of the expected entries, in path order. */
function expectLines(lines: StoredLines, expected: ReadonlyMap<string, FileCacheEntry>): void {
  const { bytes, from, to } = lines;
  const paths: string[] = [];
  for (let line = from; line < to; line = nextLine(bytes, line)) {
    const path = pathOfLine(bytes, line);
    assert(path !== undefined, `lines must have a tree path in each line: the one at ${line} has none`);
    paths.push(path);
    const entry = entryOfLine(bytes, line);
    assert(entry, `lines must hold the entry of ${show(path)}`);
    expectEntry(path, entry, expected.get(path));
  }
  assert.equal(lines.count, paths.length, 'the count of lines');
  assert.deepEqual(paths, sortTreePaths([...expected.keys()]), 'lines must be in path order');
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

function expectEntry(path: string, actual: FileCacheEntry, expected: FileCacheEntry | undefined): void {
  assert(expected, `there must be no entry for ${show(path)}`);
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
