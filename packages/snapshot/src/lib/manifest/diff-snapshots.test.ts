import { blobId } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import type { Problem } from '@muse/walker';
import { diffManifests } from './diff.js';
import { diffSnapshots } from './diff.js';

const manifest = (...paths: string[]) =>
  new Map(paths.map((path) => [path, blobId(Buffer.from(path))] as const));
const problemAt = (path: string): Problem => ({
  path,
  kind: 'unreadable',
  operation: 'open',
  code: 'EACCES',
  message: 'permission denied',
});

describe('diffSnapshots()', () => {
  it('is the difference of the manifests where both are complete', () => {
    const [before, after] = [manifest('a', 'b'), manifest('b', 'c')];
    expect(diffSnapshots({ manifest: before, problems: [] }, { manifest: after, problems: [] })).toEqual({
      ...diffManifests(before, after),
      unknown: [],
    });
  });

  it('calls nothing deleted or added that the other one could not see', () => {
    const before = { manifest: manifest('d/x', 'dd', 'gone', 'secret'), problems: [problemAt('new')] };
    const after = {
      manifest: manifest('dd', 'new/y', 'other'),
      problems: [problemAt('d'), problemAt('secret')],
    };
    const diff = diffSnapshots(before, after);
    expect(diff.unknown).toEqual(['d/x', 'secret', 'new/y']);
    expect(diff.deleted.map(({ path }) => path)).toEqual(['gone']);
    expect(diff.added.map(({ path }) => path)).toEqual(['other']);
  });

  it('still compares what both have seen below a problem', () => {
    const before = { manifest: manifest('d/x'), problems: [] };
    const after = {
      manifest: new Map([['d/x', blobId(Buffer.from('other'))]] as const),
      problems: [problemAt('')],
    };
    expect(diffSnapshots(before, after)).toMatchObject({ unknown: [], modified: [{ path: 'd/x' }] });
  });

  it('pairs no rename with a file that may still be there', () => {
    const id = blobId(Buffer.from('same'));
    const before = { manifest: new Map([['d/old', id]] as const), problems: [] };
    const after = { manifest: new Map([['new', id]] as const), problems: [problemAt('d')] };
    expect(diffSnapshots(before, after)).toMatchObject({
      renamed: [],
      added: [{ path: 'new' }],
      unknown: ['d/old'],
    });
  });
});
