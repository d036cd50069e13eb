import { compareTreePaths, treePathFromBytes } from '@muse/paths';
import { hostileNames } from '@muse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTree, DIRECTORY, pathOf } from './decode-tree.js';
import { encodeTree } from './encode-tree.js';
import { itemOf } from './item-of.js';
import { KINDS, type EncodedTree, type ReportFile } from './report-data.js';

/** Returns the files of a tree as they went into it. */
function filesOf(encoded: EncodedTree): ReportFile[] {
  const tree = decodeTree(encoded);
  return tree.names.flatMap((_, node) => {
    if (tree.kind[node] === DIRECTORY) return [];
    const bytes = itemOf(tree.bytes, node);
    const from = tree.from.get(node);
    return {
      path: pathOf(tree, node),
      kind: itemOf(KINDS, itemOf(tree.kind, node)),
      bytes: Number.isNaN(bytes) ? undefined : bytes,
      ...(from !== undefined && { from }),
    };
  });
}

const names = fc.oneof(
  fc.constantFrom('a', 'b', 'a.c', 'a0', 'a-b', '\u{1f600}', '\ue000', '\udcff'),
  fc.constantFrom(...hostileNames).map((bytes) => treePathFromBytes(bytes)),
);
const paths = fc.array(names, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'));
const facts = fc.record({
  kind: fc.constantFrom(...KINDS),
  from: paths,
  bytes: fc.option(fc.nat(), { nil: undefined }),
});
const files = fc
  .uniqueArray(fc.tuple(paths, facts), { selector: ([path]) => path, maxLength: 40 })
  .map((list) =>
    list
      .sort(([a], [b]) => compareTreePaths(a, b))
      .map(([path, { kind, bytes, from }]): ReportFile => {
        return { path, kind, bytes, ...(kind === 'renamed' && { from }) };
      }),
  );

describe('encodeTree', () => {
  it('has all files again when it is decoded, after a way through JSON', () => {
    fc.assert(
      fc.property(files, (list) => {
        const sent = JSON.parse(JSON.stringify(encodeTree(list))) as EncodedTree;
        expect(filesOf(sent)).toEqual(list);
      }),
    );
  });

  it('keeps each directory together, beside a file of its name', () => {
    const list = ['a', 'a-b', 'a/x', 'a/y/z', 'a0'].map((path): ReportFile => ({ path, kind: 'unchanged' }));
    const encoded = encodeTree(list);
    expect(encoded).toEqual({
      names: '/a/a-b/a/x/y/z/a0',
      children: [4, 0, 0, 2, 0, 1, 0, 0],
      kinds: '00000',
      from: [],
    });
    expect([...decodeTree(encoded).end]).toEqual([8, 2, 3, 7, 5, 7, 7, 8]);
    expect([...decodeTree(encoded).parent]).toEqual([-1, 0, 0, 0, 3, 3, 5, 0]);
  });

  it('has a root, though there is no file', () => {
    expect(filesOf(encodeTree([]))).toEqual([]);
    expect(decodeTree(encodeTree([])).names).toEqual(['']);
  });

  it('goes as deep as a path can', () => {
    const path = Array.from({ length: 20_000 }, () => 'd').join('/');
    expect(filesOf(encodeTree([{ path, kind: 'added' }]))).toEqual([
      { path, kind: 'added', bytes: undefined },
    ]);
  });

  it('refuses files out of order, and a renamed one that came from nowhere', () => {
    const list = (...all: string[]): ReportFile[] => all.map((path) => ({ path, kind: 'added' }));
    expect(() => encodeTree(list('b', 'a'))).toThrow('"a" is not in path order');
    expect(() => encodeTree(list('a', 'a'))).toThrow('not in path order');
    expect(() => encodeTree([{ path: 'a', kind: 'renamed' }])).toThrow('"a" has no old path');
  });
});

describe('decodeTree', () => {
  const whole: EncodedTree = { names: '/a/b/c', children: [2, 1, 0, 0], kinds: '01', from: [] };

  it.each<[fault: string, part: Partial<EncodedTree>]>([
    ['a name too many', { names: '/a/b/c/d' }],
    ['a name too few', { names: '/a/b' }],
    ['a count too many', { children: [2, 1, 0, 0, 0] }],
    ['a directory that is not full', { children: [3, 1, 0, 0] }],
    ['a kind too many', { kinds: '011' }],
    ['a kind too few', { kinds: '0' }],
    ['a kind that there is not', { kinds: '09' }],
    ['a renamed file without its old path', { kinds: '04' }],
  ])('refuses %s', (_fault, part) => {
    expect(() => decodeTree({ ...whole, ...part })).toThrow('Broken');
  });
});
