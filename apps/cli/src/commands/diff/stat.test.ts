import type { ObjectId } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../terminal/answer.js';
import { statLines } from './stat.js';

const [a, b, c, d] = (['a', 'b', 'c', 'd'] as const).map(
  (digit): ObjectId => `sha256:${digit.repeat(64)}`,
) as [ObjectId, ObjectId, ObjectId, ObjectId];
const nothing = { added: [], modified: [], deleted: [], renamed: [], unknown: [] };
const diff = {
  ...nothing,
  added: [{ path: 'new', objectId: a }],
  modified: [{ path: 'src/some/file.c', before: c, after: b }],
  deleted: [{ path: 'gone', objectId: c }],
  renamed: [{ from: 'x', to: 'z', objectId: d }],
};
const sizes = new Map([
  [a, 10_000],
  [b, 4],
  [d, 7],
]);
const lines = (width: number, of = diff) => statLines(of, sizes, width).map(textOf);

describe('statLines()', () => {
  it('has a row for each file with its bytes and a bar of them, and a sum', () => {
    expect(lines(80)).toEqual([
      ' gone            |       ?',
      ` new             | 10.0 kB ${'+'.repeat(40)}`,
      ' src/some/file.c |     4 B ~',
      ' x => z          |     7 B',
      ' 4 files changed, 1 added (10.0 kB), 1 modified (4 B), 1 deleted,',
      ' 1 renamed (7 B)',
    ]);
  });

  it.each([30, 40, 60, 80, 200, 300])('fits into %d columns', (width) => {
    const long = {
      ...diff,
      modified: [
        { path: `${'a long directory/'.repeat(12)}file.c`, before: c, after: b },
        { path: '漢字/'.repeat(40), before: c, after: b },
        { path: 'x'.repeat(300), before: c, after: b },
      ],
    };
    const shown = lines(width, long).map((line) => line.replace(/[漢字]/g, '00'));
    expect(shown.filter((line) => line.length > width)).toEqual([]);
    expect(shown.find((line) => line.includes('file.c'))).toMatch(width < 300 ? /^ …/ : / a long/);
    expect(shown.join('')).toMatch(/ 6 files changed, .*, 1 renamed \(7 B\)/);
  });

  it('shows what is not printable escaped', () => {
    expect(lines(80, { ...nothing, added: [{ path: 'a\x1b[31m', objectId: a }] })[0]).toMatch(
      /^ a\\x1b\[31m \|/,
    );
  });

  it('takes more files than a call takes arguments', () => {
    const added = Array.from({ length: 130_000 }, (_, i) => ({ path: `f${i}`, objectId: a }));
    expect(lines(80, { ...diff, added }).at(-3)).toMatch(/^ x => z/);
  });

  it('draws no bar for what was only renamed, and measures none by it', () => {
    const large = new Map([...sizes, [d, 1_000_000] as const]);
    const shown = statLines(diff, large, 80).map(textOf);
    expect(shown[1]).toMatch(/\+{38,}$/);
    expect(shown[3]).toMatch(/ 1\.00 MB$/);
  });

  it('sums up nothing, too', () => {
    expect(lines(80, nothing)).toEqual([' 0 files changed']);
  });
});
