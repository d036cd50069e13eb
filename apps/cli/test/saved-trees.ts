import { appendFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTree, tempDir, type TempDir, type TreeNode } from '@muse/testkit';
import { expect } from 'vitest';
import { muse } from './muse.js';

/** Makes a tree with a `.muse`. */
export async function museTree(spec: Readonly<Record<string, TreeNode>>): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ '.muse': {}, ...spec }, directory.path);
  return directory;
}

/** Saves a tree, and returns its id. */
export async function save(tree: TempDir, note = ''): Promise<string> {
  const run = await muse(['snapshot', '-q', '--save', '-m', note], { cwd: tree.path });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return run.stdout.toString().trim();
}

/** Returns the files of the saved snapshots, the oldest first. */
export const savedFiles = async (tree: TempDir): Promise<string[]> => {
  const directory = join(tree.path, '.muse/snapshots');
  return (await readdir(directory)).sort().map((name) => join(directory, name));
};

/** A tree for {@link edit}. */
export const spec = { a: 'a', gone: 'gone', moved: 'moved', d: { e: 'e' } };

/** Makes an edit of each kind. */
export async function edit(tree: TempDir): Promise<void> {
  await appendFile(join(tree.path, 'a'), 'b');
  await rm(join(tree.path, 'gone'));
  await rename(join(tree.path, 'moved'), join(tree.path, 'd/here'));
  await writeFile(join(tree.path, 'new'), 'new');
}

/** What `muse` prints of those edits. */
export const editLines = ['modified  a', 'renamed   moved -> d/here', 'deleted   gone', 'added     new'];
