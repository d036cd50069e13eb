import { sortTreePaths } from '@muse/paths';
import { blobId } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { DIRECTORY, DirectoryNode, LEFT_OUT, nativeEngine, NEW as FILE } from '@muse/walker/scan';
import fc from 'fast-check';
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

const other = blobId(Buffer.from('y'));
const digest = (await nativeEngine(undefined))?.native.digest;

/** How a path of {@link treeOf} is there: as its line says, read, without a line, a line without it, ruled out with its line. */
const STATES = ['hit', 'read', 'new', 'gone', 'left out'] as const;
type States = ReadonlyMap<string, (typeof STATES)[number]>;

/** Returns a tree whose files are matched with stored lines, which all directories share. */
function treeOf(states: States, above = ''): DirectoryNode<DirectoryResult> {
  const paths = sortTreePaths([...states.keys()]);
  const lineOf = (path: string) =>
    `${JSON.stringify(above + path)}:{"mtime":1.000000000,"ctime":1.000000000,"size":10,"ino":2,"object_hash":"${id}","dimensions":{}},\n`;
  const text = Buffer.from(paths.map((path) => (states.get(path) === 'new' ? '' : lineOf(path))).join(''));
  const lines = Buffer.from(new SharedArrayBuffer(text.length));
  lines.set(text);
  const lineAt = (path: string) => lines.indexOf(`${JSON.stringify(above + path)}:`);
  /** Returns the lines of these paths, which lie side by side. */
  const slice = (of: readonly string[]) => {
    const stored = of.filter((path) => states.get(path) !== 'new').map(lineAt);
    const [from = 0, last = -1] = [stored[0], stored.at(-1)];
    return { from, to: last < 0 ? from : lines.indexOf(10, last) + 1 };
  };
  const nodeBelow = (prefix: string, parent?: DirectoryNode<DirectoryResult>) => {
    const below = paths.filter((path) => path.startsWith(prefix));
    const path = (above + prefix).slice(0, -1);
    const node = new DirectoryNode<DirectoryResult>(path, { dev: 1n, ino: 1n }, parent, slice(below));
    const names = new Set(below.map((path) => path.slice(prefix.length).replace(/\/.*/, '/')));
    const listed = [...names].filter((name) => states.get(prefix + name) !== 'gone');
    const matches = listed.map((name) => {
      const path = prefix + name;
      if (name.endsWith('/')) return DIRECTORY;
      const isHit = states.get(path) === 'hit' || states.get(path) === 'left out';
      return isHit ? lines.indexOf('sha256:', lineAt(path)) : FILE;
    });
    const bare = listed.map((name) => name.replace(/\/$/, ''));
    const gone = below.filter(
      (path) => states.get(path) === 'gone' && !path.slice(prefix.length).includes('/'),
    );
    const listing = listingOf(
      Object.fromEntries(bare.map((name, i) => [name, matches[i]])),
      gone.map((path) => slice([path])),
    );
    node.state = 'listed';
    node.listing = listing;
    node.value = new DirectoryResult(node, listing, lines);
    const children = new Map<string, typeof node>();
    for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
      const path = prefix + cursor.name;
      const state = states.get(path);
      if (cursor.match === DIRECTORY) children.set(cursor.name, nodeBelow(`${path}/`, node));
      else if (state === 'left out') listing.leaveOut(cursor);
      else if (state !== 'hit') {
        node.value.addMiss(cursor, 'new');
        node.value.set(cursor.entry, other);
      }
    }
    node.children = children;
    return node;
  };
  return nodeBelow('');
}

/** Assembles a tree, and checks that the manifest is the same whether it is made on the way or later. */
async function assembled(root: DirectoryNode<DirectoryResult>) {
  const { manifest, ...made } = await assemble(root, {});
  const later = await assemble(root, { deferManifest: true });
  expect([later.id, ...later.manifest()]).toEqual([made.id, ...manifest()]);
  return { ...made, manifest: manifest() };
}

describe('assemble', () => {
  it('takes the lines of whole directories, and no line of a file that is not as its line says', async () => {
    const path = fc
      .array(fc.constantFrom('a', 'b.c', 'd\udcff', 'é'), { minLength: 1, maxLength: 4 })
      .map((names) => `${names.join('/')}.f`);
    const state = fc.oneof({ weight: 6, arbitrary: fc.constant(STATES[0]) }, fc.constantFrom(...STATES));
    const trees = fc.array(fc.tuple(path, state), { maxLength: 30 }).map((all) => new Map(all));
    await fc.assert(
      fc.asyncProperty(trees, fc.constantFrom('', 'above/\udcff/'), async (states, above) => {
        const files = new Map<string, typeof id>();
        for (const [path, state] of states) {
          if (state === 'hit') files.set(path, id);
          if (state === 'read' || state === 'new') files.set(path, other);
        }
        const expected = computeSnapshotId(files);
        for (const elsewhere of digest ? [undefined, digest] : [undefined]) {
          const made = await assemble(treeOf(states, above), { deferManifest: true }, elsewhere);
          expect(made.id).toBe(expected);
          expect(made.counts.files).toBe(files.size);
          expect(new Map(made.manifest())).toEqual(files);
        }
      }),
    );
  });

  it('takes no lines of a directory that is not in the tree any more', async () => {
    const tree = treeOf(
      new Map([
        ['a/x', 'hit'],
        ['a/b/y', 'hit'],
        ['z', 'hit'],
      ]),
    );
    tree.children.get('a')?.children.get('b')?.remove();
    const { id: made } = await assemble(tree, { deferManifest: true }, digest);
    expect(made).toBe(
      computeSnapshotId(
        new Map([
          ['a/x', id],
          ['z', id],
        ]),
      ),
    );
  });

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
