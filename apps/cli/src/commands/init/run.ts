import { lstat, mkdir, open, realpath, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, museDir, toFsPath, treePathFromBytes } from '@muse/paths';
import { defaultMuseIgnore } from '@muse/walker/ignore';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, errorCode, ExitCode, systemFailure } from '../../errors.js';
import { shellWord } from '../../terminal/shell-word.js';
import { writeLines } from '../../terminal/answer.js';
import { findWorkingTree } from '../../working-tree.js';
import type { init } from './definition.js';

/**
 * Makes `.muse`, `.muse/cache`, a `.muse/.gitignore` that keeps both out of git, and a starter `.museignore` below a
 * directory; whatever exists stays as it is. Says what was made, what was there already, and that a directory left the
 * tree around it.
 */
export const run: Run<RequestOf<typeof init>> = async ({ directory }, { reporter }) => {
  const root = await makeRoot(directory);
  const above = await rootItBelongsTo(root);
  const muse = museDir(root);
  const madeMuse = await makeRealDirectory(muse);
  await makeRealDirectory(cacheDir(root));
  await makeFile(join(muse, '.gitignore'), '/*\n');
  const ignoreFile = join(root, '.museignore');
  const madeIgnoreFile = await makeFile(ignoreFile, defaultMuseIgnore);

  const lines = [`${madeMuse ? 'Initialized' : 'Already initialized:'} ${muse}`];
  if (madeIgnoreFile) lines.push(`Wrote ${ignoreFile}, in which every pattern is commented out`);
  await writeLines(lines);
  if (above !== undefined) {
    const made = [muse, ...(madeIgnoreFile ? [ignoreFile] : [])].map(shellWord).join(' ');
    reporter.warn(
      `this was part of the tree at ${above}, and is now a tree of its own, with its own cache, rules and saved snapshots; to undo that, run this: rm -r ${made}`,
    );
  }
  return ExitCode.done;
};

/** Returns the root of the tree around a directory that has no `.muse` of its own. */
async function rootItBelongsTo(directory: string): Promise<string | undefined> {
  try {
    const { root, subtree } = await findWorkingTree(directory);
    return subtree === '' ? undefined : root;
  } catch {
    // What is above cannot be read, and so it is no tree that the directory could be a part of.
    return undefined;
  }
}

async function makeRoot(directory: string): Promise<string> {
  try {
    await mkdir(toFsPath(directory), { recursive: true });
    return treePathFromBytes(await realpath(toFsPath(directory), 'buffer'));
  } catch (error) {
    throw systemFailure(`cannot make ${directory}`, error);
  }
}

/**
 * Returns whether it was missing. A link is refused: what Muse keeps must lie below the root, or nowhere. Nobody else may
 * write there, whatever the umask: what is in it is believed.
 */
async function makeRealDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(toFsPath(path), 0o755);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw systemFailure(`cannot make ${path}`, error);
  }
  const stats = await lstat(toFsPath(path));
  if (stats.isDirectory()) return false;
  const kind = stats.isSymbolicLink() ? 'a symbolic link' : 'not a directory';
  throw new CommandError(
    ExitCode.failed,
    `cannot use ${path}: it is ${kind}`,
    "move it away and run 'muse init' again",
  );
}

/** Returns whether it was missing. */
async function makeFile(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(toFsPath(path), 'wx', 0o644);
    try {
      await handle.writeFile(text);
    } catch (error) {
      await unlink(toFsPath(path));
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw systemFailure(`cannot write ${path}`, error);
  }
}
