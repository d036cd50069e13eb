import { basename } from 'node:path';
import { fifo, makeDeepChain, makeTree, removeTree, symlink, type TreeSpec } from '@muse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { listDirectory } from './walk.js';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const names = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name);

test('listDirectory gives files and directories with their stats, and does not descend', async () => {
  const root = await make({ 'd/b.txt': 'bb', 'd/a/x': '', 'd/a.c': '', 'd/p': fifo(), 'd/.git/x': '' });
  const listing = await listDirectory(root, 'd');
  expect(names(listing.files)).toEqual(['a.c', 'b.txt']);
  expect(names(listing.directories)).toEqual(['a']);
  expect(listing.files[1]?.stat.size).toBe(2n);
  expect([...listing.leftOut].sort()).toEqual(['fifo', 'reserved']);
  expect(listing.problems).toEqual([]);
});

test('listDirectory gives the root for the empty path', async () => {
  const root = await make(new Map([[Buffer.from([0x61, 0xff]), 'x']]));
  expect(names((await listDirectory(root, '')).files)).toEqual(['a\udcff']);
});

test.each(['link', 'link/sub', 'd/link', 'd/link/sub'])('listDirectory follows no link: %s', async (path) => {
  const outside = await make({ secret: 'x', 'sub/secret': 'y' });
  const root = await make({ link: symlink(outside), 'd/link': symlink(`../../${basename(outside)}`) });
  const { files, directories, problems } = await listDirectory(root, path);
  expect([...files, ...directories]).toEqual([]);
  expect(problems).toMatchObject([{ path, kind: 'unreadable', operation: 'readdir', code: 'ENOTDIR' }]);
});

test.each([
  ['absent', 'ENOENT'],
  ['file', 'ENOTDIR'],
  ['file/x', 'ENOTDIR'],
  ['pipe', 'ENOTDIR'],
])('listDirectory names %s a problem: %s', async (path, code) => {
  const root = await make({ file: '', pipe: fifo() });
  const { problems } = await listDirectory(root, path);
  expect(problems).toMatchObject([{ path, kind: 'unreadable', code }]);
});

test('listDirectory resolves a root that is a link, and rejects where there is none', async () => {
  const root = await make({ 'real/a': '', link: symlink('real') });
  expect(names((await listDirectory(`${root}/link`, '')).files)).toEqual(['a']);
  await expect(listDirectory(`${root}/absent`, '')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('listDirectory refuses a path that is no tree path', async () => {
  const root = await make({});
  await expect(listDirectory(root, '..')).rejects.toThrow(SyntaxError);
});

test.runIf(process.platform === 'linux')('listDirectory lists beyond PATH_MAX', async () => {
  const root = await make({});
  makeDeepChain(root, { depth: 60, name: 'n'.repeat(100), leaf: 'leaf' });
  const path = Array.from({ length: 60 }, () => 'n'.repeat(100)).join('/');
  expect(names((await listDirectory(root, path)).files)).toEqual(['leaf']);
});
