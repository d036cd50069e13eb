import { compareTreePaths, treePathFromBytes } from '@muse/paths';
import { hostileNames } from '@muse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTree } from '../src/lib/decode-tree.js';
import { encodeTree } from '../src/lib/encode-tree.js';
import { itemOf } from '../src/lib/item-of.js';
import { KINDS, type Kind, type ReportFile } from '../src/lib/report-data.js';
import { cellAt, cellsOf, type Cell } from '../src/page/cells.js';
import { changesOf, filtered, movedPart, wordsOf } from '../src/page/changes.js';
import { CHANGES, Model } from '../src/page/model.js';
import { printable } from '../src/page/printable.js';
import { byteSize, count, countOf, shortId, time } from '../src/page/words.js';
import { builtParts } from './support/chromium.js';

function modelOf(files: readonly ReportFile[]): Model {
  const sorted = [...files].sort((a, b) => compareTreePaths(a.path, b.path));
  return new Model(decodeTree(encodeTree(sorted)));
}

const small = modelOf([
  { path: 'README', kind: 'modified', bytes: 10 },
  { path: 'src/a.c', kind: 'unchanged', bytes: 30 },
  { path: 'src/Net/b.c', kind: 'added', bytes: 50 },
  { path: 'src/Net/c.h', kind: 'renamed', from: 'include/c.h', bytes: 0 },
  { path: 'src/gone', kind: 'deleted' },
]);
const nodeOf = (path: string): number => small.tree.names.findIndex((_, node) => small.pathOf(node) === path);

describe('Model', () => {
  it('sums up what is in a directory', () => {
    small.show(changesOf(small).map(({ node }) => node));
    expect(small.factsOf(0)).toBe(
      'directory, 5 files, 90 bytes and 1 file of unknown size, 1 added, 1 modified, 1 deleted, 1 renamed',
    );
    expect(small.factsOf(nodeOf('src/Net'))).toBe('directory, 2 files, 50 bytes, 1 added, 1 renamed');
    expect(small.factsOf(nodeOf('src/gone'))).toBe('file, deleted, size unknown');
    expect([...small.childrenOf(nodeOf('src'))].map((node) => small.nameOf(node))).toEqual([
      'Net',
      'a.c',
      'gone',
    ]);
  });

  it('counts only the changes that are shown', () => {
    small.show([nodeOf('src/Net/b.c')]);
    expect([small.allChangesOf(0), small.changesOf(0, 'added'), small.changesOf(0, 'modified')]).toEqual([
      1, 1, 0,
    ]);
    expect(small.factsOf(nodeOf('README'))).toBe('file, modified, 10 bytes');
  });

  it('gives a file of unknown size the area of an average one, and an empty one a little', () => {
    const weights = small.weights('bytes');
    expect(weights[nodeOf('src/gone')]).toBe(90 / 4);
    expect(weights[nodeOf('src/Net/c.h')]).toBe(1);
    expect(weights[0]).toBe(10 + 30 + 50 + 1 + 90 / 4);
    expect(small.weights('files')[0]).toBe(5);
  });
});

describe('cellsOf', () => {
  const kinds = fc.constantFrom<Kind>('unchanged', 'added', 'modified', 'deleted');
  const segment = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const trees = fc
    .uniqueArray(fc.tuple(fc.array(segment, { minLength: 1, maxLength: 6 }), kinds, fc.nat(100_000)), {
      selector: ([segments]) => segments.join('/'),
      minLength: 1,
      maxLength: 60,
    })
    .map((list) =>
      modelOf(list.map(([segments, kind, bytes]) => ({ path: segments.join('/'), kind, bytes }))),
    );
  const inside = (inner: Cell, outer: Cell): boolean =>
    inner.x0 >= outer.x0 - 1e-6 &&
    inner.y0 >= outer.y0 - 1e-6 &&
    inner.x1 <= outer.x1 + 1e-6 &&
    inner.y1 <= outer.y1 + 1e-6;
  const areaOf = ({ x0, y0, x1, y1 }: Cell): number => (x1 - x0) * (y1 - y0);

  it('puts each cell inside that of its directory, and what is beside each other apart, by size', () => {
    fc.assert(
      fc.property(trees, (model) => {
        const cells = cellsOf(model, model.weights('bytes'), 0, { width: 900, height: 600 });
        const byNode = new Map(cells.map((cell) => [cell.node, cell]));
        for (const cell of cells) {
          const outer = byNode.get(itemOf(model.tree.parent, cell.node));
          if (!outer) continue;
          expect(inside(cell, outer)).toBe(true);
          const beside = cells.filter(
            (each) => model.tree.parent[each.node] === model.tree.parent[cell.node],
          );
          const share = cell.value / beside.reduce((sum, each) => sum + each.value, 0);
          const whole = beside.reduce((sum, each) => sum + areaOf(each), 0);
          expect(areaOf(cell)).toBeCloseTo(whole * share, 3);
          expect(cellAt(cells, (cell.x0 + cell.x1) / 2, (cell.y0 + cell.y1) / 2)?.node).toSatisfy(
            (node: number) => areaOf(cell) < 1e-6 || model.isWithin(node, cell.node),
          );
        }
      }),
    );
  });

  it('begins with the largest', () => {
    const cells = cellsOf(small, small.weights('bytes'), 0, { width: 900, height: 600 });
    const top = cells.filter(({ depth }) => depth === 1);
    expect(top.map(({ node }) => small.nameOf(node))).toEqual(['src', 'README']);
    expect(top[0]).toMatchObject({ x0: 0, y0: 0 });
  });

  it('has cells for the picture, not for the tree', () => {
    const files = Array.from({ length: 100_000 }, (_, i): ReportFile => {
      return { path: `d${i % 10}/e${(i >> 4) % 100}/f${100_000 + i}`, kind: 'unchanged', bytes: i };
    });
    const model = modelOf(files);
    const size = { width: 800, height: 600 };
    expect(cellsOf(model, model.weights('files'), 0, size).length).toBeLessThan((800 * 600) / 20);
    const [first = 0] = model.childrenOf(0);
    expect(cellsOf(model, model.weights('files'), first, size)[0]).toMatchObject({
      node: first,
      isOpen: true,
    });
  });
});

describe('filtered', () => {
  const changes = changesOf(small);
  const found = (typed: string, kinds: readonly Kind[] = CHANGES): string[] =>
    filtered(changes, { words: wordsOf(typed), kinds: new Set(kinds) }).map(({ path }) => path);

  it('finds paths that have every word, in any case and order', () => {
    expect(found('')).toEqual(['README', 'src/Net/b.c', 'src/Net/c.h', 'src/gone']);
    expect(found('.c NET')).toEqual(['src/Net/b.c']);
    expect(found('  ')).toHaveLength(4);
    expect(found('nowhere')).toEqual([]);
  });

  it('finds a renamed file by its old path, too', () => {
    expect(found('include')).toEqual(['src/Net/c.h']);
  });

  it('finds the kinds that are wanted', () => {
    expect(found('', ['deleted', 'modified'])).toEqual(['README', 'src/gone']);
  });
});

describe('movedPart', () => {
  it.each([
    ['a/b/c', 'a/x/c', ['a/', 'b', 'x', '/c']],
    ['a', 'b', ['', 'a', 'b', '']],
    ['a/f', 'f', ['', 'a', '', '/f']],
    ['a/a/f', 'a/f', ['a/', 'a', '', '/f']],
    ['s/l/x', 'd/y', ['', 's/l/x', 'd/y', '']],
  ])('of %s and %s is %j', (from, to, parts) => {
    expect(movedPart(from, to)).toEqual(parts);
  });

  it('puts together both paths again', () => {
    const paths = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 })
      .map((all) => all.join('/'));
    fc.assert(
      fc.property(paths, paths, (from, to) => {
        const [before, old, now, after] = movedPart(from, to);
        const join = (middle: string): string =>
          (before + middle + after).replace(/^\//, '').replaceAll('//', '/');
        expect([join(old), join(now)]).toEqual([from, to]);
      }),
    );
  });
});

describe('printable', () => {
  it.each([
    ['plain äöü 漢字 😀', 'plain äöü 漢字 😀'],
    ['\u001b[31m\n', String.raw`\x1b[31m\x0a`],
    ['a\u202eb\u200b', String.raw`a\u{202e}b\u{200b}`],
    ['\udcff', String.raw`\xff`],
    ['\ud800', String.raw`\u{d800}`],
    ['\ufff9 \u3164', String.raw`\u{fff9} \u{3164}`],
  ])('shows %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('leaves nothing that cannot be seen in a hostile name', () => {
    for (const name of hostileNames) {
      expect(printable(treePathFromBytes(name))).not.toMatch(/[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
});

it('numbers, sizes, times and ids read like the command has them', () => {
  expect([count(78_579), countOf(1, 'file'), countOf(2, 'file')]).toEqual(['78,579', '1 file', '2 files']);
  const sizes = [0, 1, 999, 1000, 1_296, 999_999, 1_300_000_000, 1.5e18];
  expect(sizes.map(byteSize)).toEqual([
    ...['0 bytes', '1 byte', '999 bytes', '1 kB', '1.3 kB', '1 MB', '1.3 GB', '1,500 PB'],
  ]);
  expect(time('2026-03-09T16:00:00.123Z')).toBe('2026-03-09 16:00:00 UTC');
  expect(shortId(`sha256:${'a'.repeat(64)}`)).toBe(`sha256:${'a'.repeat(12)}`);
  expect(CHANGES).toHaveLength(KINDS.length - 1);
});

it('has the license of what is inside', () => {
  const { script } = builtParts();
  expect(script).toMatch(/^\/\*!\nd3-hierarchy [\d.]+, ISC\n\nCopyright [^*]*THIS SOFTWARE[^*]*\*\/\n/);
});
