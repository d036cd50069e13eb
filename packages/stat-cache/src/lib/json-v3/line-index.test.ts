import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treePath } from '../../../test/support/arbitrary.js';
import { hashBytes, LineIndex } from './line-index.js';

/** An index over lines that are a key and one more byte each. */
function indexOf(paths: readonly string[], capacity = paths.length): LineIndex {
  const bytes = Buffer.from(paths.map((path) => `${JSON.stringify(path)}:,\n`).join(''));
  const index = new LineIndex(bytes, capacity);
  let start = 0;
  for (const path of paths) {
    const key = start + Buffer.byteLength(JSON.stringify(path));
    index.add(start, key + 1, hashBytes(bytes, start + 1, key - 1));
    start = key + 3;
  }
  return index;
}

describe('LineIndex', () => {
  it('finds each path in its line, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(treePath, { maxLength: 40 }), fc.array(treePath), (paths, others) => {
        const index = indexOf(paths);
        expect(index.size).toBe(paths.length);
        paths.forEach((path, line) => {
          expect(index.find(path)).toBe(line);
        });
        for (const path of others) expect(index.find(path)).toBe(paths.indexOf(path));
      }),
    );
  });

  it('tells paths apart that share their beginning, their end or their quotes', () => {
    const paths = [
      'a',
      'aa',
      'a"',
      '"a',
      'a\\',
      'a\\"',
      'b/a',
      'a/b',
      'a/b/',
      '\\"',
      'é',
      'é"',
      '\udcc3',
      ':',
    ];
    const index = indexOf(paths);
    paths.forEach((path, line) => {
      expect(index.find(path)).toBe(line);
    });
    for (const path of ['', '"', '\\', 'aaa', 'b', 'a"x', 'x'.repeat(1000), 'é'.repeat(1000)]) {
      expect(index.find(path), path.slice(0, 9)).toBe(-1);
    }
  });

  it('finds nothing where nothing is', () => {
    expect(indexOf([]).find('a')).toBe(-1);
    expect(indexOf([]).find('é')).toBe(-1);
  });

  it('has room for as many lines as it was told, and for fewer', () => {
    const paths = Array.from({ length: 1000 }, (_, at) => `f${String(at)}`);
    const index = indexOf(paths, 1000);
    expect(paths.every((path, line) => index.find(path) === line)).toBe(true);
    expect(indexOf(['a'], 1000).find('a')).toBe(0);
  });
});
