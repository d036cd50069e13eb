import { compareTreePaths } from '@muse/paths';
import { blobId, type ObjectId } from '@muse/stat-cache';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffManifests } from './diff.js';

/** A manifest of these files, given as path and content. */
function tree(files: Record<string, string>): Map<string, ObjectId> {
  return new Map(Object.entries(files).map(([path, content]) => [path, blobId(Buffer.from(content))]));
}

function id(content: string): ObjectId {
  return blobId(Buffer.from(content));
}

const nothing = { added: [], modified: [], deleted: [], renamed: [] };

describe('diffManifests', () => {
  it('finds nothing between equal manifests', () => {
    expect(diffManifests(tree({ b: '1', a: '2' }), tree({ a: '2', b: '1' }))).toEqual(nothing);
  });

  it('finds added, modified and deleted files, each in path order', () => {
    const before = tree({ z: 'gone', e: 'gone too', same: 's', m2: '1', m1: '1' });
    const after = tree({ y: 'new', d: 'also new', same: 's', m2: '2', m1: '3' });
    expect(diffManifests(before, after)).toEqual({
      added: [
        { path: 'd', objectId: id('also new') },
        { path: 'y', objectId: id('new') },
      ],
      modified: [
        { path: 'm1', before: id('1'), after: id('3') },
        { path: 'm2', before: id('1'), after: id('2') },
      ],
      deleted: [
        { path: 'e', objectId: id('gone too') },
        { path: 'z', objectId: id('gone') },
      ],
      renamed: [],
    });
  });

  it('finds a renamed file in neither added nor deleted', () => {
    expect(diffManifests(tree({ old: 'x', kept: 'k' }), tree({ new: 'x', kept: 'k' }))).toEqual({
      ...nothing,
      renamed: [{ from: 'old', to: 'new', objectId: id('x') }],
    });
  });

  it('pairs files of one content in path order, and leaves the rest', () => {
    expect(diffManifests(tree({ c: 'x', a: 'x', b: 'x' }), tree({ q: 'x', p: 'x' }))).toEqual({
      ...nothing,
      deleted: [{ path: 'c', objectId: id('x') }],
      renamed: [
        { from: 'a', to: 'p', objectId: id('x') },
        { from: 'b', to: 'q', objectId: id('x') },
      ],
    });
  });

  it('gives the renamed files in the order of where they came', () => {
    const { renamed } = diffManifests(tree({ a: '1', b: '2' }), tree({ y: '2', z: '1' }));
    expect(renamed.map(({ from, to }) => [from, to])).toEqual([
      ['b', 'y'],
      ['a', 'z'],
    ]);
  });

  it('takes no copy for a rename', () => {
    expect(diffManifests(tree({ a: 'x' }), tree({ a: 'x', b: 'x' })).added).toHaveLength(1);
  });

  it('never takes an empty file for renamed', () => {
    const { added, deleted, renamed } = diffManifests(tree({ a: '' }), tree({ b: '' }));
    expect([added.length, deleted.length, renamed.length]).toEqual([1, 1, 0]);
  });

  it('leads from one manifest to the other', () => {
    const manifest = fc
      .dictionary(
        fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f', '__proto__', '10'),
        fc.constantFrom('', '1', '2', '3'),
        {
          noNullPrototype: true,
        },
      )
      .map(tree);
    fc.assert(
      fc.property(manifest, manifest, (before, after) => {
        const diff = diffManifests(before, after);
        const result = new Map(before);
        for (const { path } of diff.deleted) expect(result.delete(path)).toBe(true);
        for (const { from } of diff.renamed) expect(result.delete(from)).toBe(true);
        for (const { to, objectId } of diff.renamed) result.set(to, objectId);
        for (const { path, objectId } of diff.added) result.set(path, objectId);
        for (const entry of diff.modified) {
          expect(result.get(entry.path)).toBe(entry.before);
          result.set(entry.path, entry.after);
        }
        expect(result).toEqual(after);
        const orders = [diff.added, diff.deleted, diff.modified].map((list) =>
          list.map((entry) => entry.path),
        );
        for (const paths of [...orders, diff.renamed.map((entry) => entry.to)]) {
          expect(paths).toEqual(paths.toSorted(compareTreePaths));
        }
      }),
    );
  });
});
