import { blobId } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { DIRECTORY, DirectoryNode, LEFT_OUT, NEW as FILE } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { listingOf } from '../../../test/support/listings.js';
import { assemble } from './assemble.js';
import { DirectoryResult } from './join.js';
import { computeSnapshotId } from '../manifest/manifest.js';

const id = blobId(Buffer.from('x'));

/** A directory of entries, each with its match; files have the object id of `x` but for those in `without`. */
function nodeOf(
  path: string,
  entries: Readonly<Record<string, number>>,
  {
    parent,
    without = [],
    problems = [],
  }: { parent?: DirectoryNode<DirectoryResult>; without?: string[]; problems?: Problem[] } = {},
): DirectoryNode<DirectoryResult> {
  const node = new DirectoryNode<DirectoryResult>(path, { dev: 1n, ino: 1n }, parent, { from: 0, to: 0 });
  const listing = listingOf(entries);
  node.listing = listing;
  node.value = new DirectoryResult(node, listing, undefined);
  node.value.problems.push(...problems);
  for (const [i, name] of Object.keys(entries).entries()) if (!without.includes(name)) node.value.set(i, id);
  if (parent) parent.children = new Map([...parent.children, [path.slice(parent.prefix.length), node]]);
  return node;
}

/** Assembles a tree, and checks that the manifest is the same whether it is made on the way or later. */
async function assembled(root: DirectoryNode<DirectoryResult>) {
  const { manifest, ...made } = await assemble(root, {});
  const later = await assemble(root, { deferManifest: true });
  expect([later.id, ...later.manifest()]).toEqual([made.id, ...manifest()]);
  return { ...made, manifest: manifest() };
}

describe('assemble', () => {
  it('puts files in path order, across directories', async () => {
    const root = nodeOf('', { 'a.c': FILE, a: DIRECTORY, a0: FILE, ignored: LEFT_OUT });
    nodeOf('a', { x: FILE }, { parent: root });
    const { id: snapshotId, manifest, problems, counts } = await assembled(root);
    expect([...manifest.keys()]).toEqual(['a.c', 'a/x', 'a0']);
    expect(snapshotId).toBe(computeSnapshotId(manifest));
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ files: 3, bytes: 30, directories: 2, hits: 3 });
  });

  it('makes a problem of a file that has no object id, whatever led there', async () => {
    const root = nodeOf('', { a: FILE, b: FILE }, { without: ['a'] });
    const { manifest, problems, counts } = await assembled(root);
    expect([...manifest.keys()]).toEqual(['b']);
    expect(counts).toMatchObject({ files: 1, bytes: 10 });
    expect(problems).toMatchObject([{ path: 'a', kind: 'torn', operation: 'read', code: 'ETORN' }]);
  });

  it('lets the event loop turn on the way through many files, and ends when aborted', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`f${100_000 + i}`, FILE]));
    const stop = new AbortController();
    setImmediate(() => {
      stop.abort(new Error('enough'));
    });
    await expect(assemble(nodeOf('', many), { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('names each problem once, in path order, from the directories and the files', async () => {
    const problem = (path: string): Problem => ({
      path,
      kind: 'unreadable',
      operation: 'open',
      code: 'EACCES',
      message: '',
    });
    const root = nodeOf('', { b: FILE, d: DIRECTORY }, { without: ['b'], problems: [problem('b')] });
    const child = nodeOf('d', { e: FILE }, { parent: root, without: ['e'] });
    child.problems = [problem('d')];
    root.problems = [problem('a')];
    const { problems } = await assembled(root);
    expect(problems.map(({ path }) => path)).toEqual(['a', 'b', 'd', 'd/e']);
  });
});
