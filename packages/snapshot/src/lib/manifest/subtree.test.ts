import { blobId } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import { subtree } from './manifest.js';

const manifest = new Map(
  ['a', 'a-b/c', 'a/b', 'ab/c', 'd/e/f', 'd/e/g', 'd/h', '\udcff/x'].map((path) => [
    path,
    blobId(Buffer.from(path)),
  ]),
);

describe('subtree', () => {
  it.each([
    ['d', ['e/f', 'e/g', 'h']],
    ['d/e', ['f', 'g']],
    ['a', ['b']],
    ['\udcff', ['x']],
    ['d/e/f', []],
    ['none', []],
    ['toString', []],
  ])('below %j is %j', (path, files) => {
    const part = subtree(manifest, path);
    expect([...part.keys()]).toEqual(files);
    for (const [file, id] of part) expect(id).toBe(manifest.get(`${path}/${file}`));
  });

  it('below the root is everything', () => {
    expect(subtree(manifest, '')).toBe(manifest);
  });

  it.each(['/', 'd/', '..', 'd/../a', './d'])('refuses %j', (path) => {
    expect(() => subtree(manifest, path)).toThrow(SyntaxError);
  });
});
