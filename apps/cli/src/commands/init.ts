import { lstat, mkdir, open, realpath, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, museDir, treePathFromBytes } from '@muse/paths';
import { defaultMuseIgnore } from '@muse/walker/ignore';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { nativePath } from '../native-path.js';
import type { InitRequest } from '../request.js';
import { errorCode, systemFailure } from '../system-error.js';
import { findWorkingTree } from '../working-tree.js';

/** What `muse init` made, and what was there before. */
export interface InitAnswer {
  readonly museDirectory: string;
  readonly ignoreFile: string;
  readonly madeMuseDirectory: boolean;
  readonly madeIgnoreFile: boolean;
  /** The root above whose tree the directory was a part of until now. */
  readonly above: string | undefined;
}

/**
 * Makes `.muse`, `.muse/cache`, a `.muse/.gitignore` that keeps both out of git, and a starter `.museignore` below a
 * directory; whatever exists stays as it is.
 */
export async function init({ directory }: InitRequest): Promise<InitAnswer> {
  const root = await makeRoot(directory);
  const above = await rootItBelongsTo(root);
  const madeMuseDirectory = await makeRealDirectory(museDir(root));
  await makeRealDirectory(cacheDir(root));
  await makeFile(join(museDir(root), '.gitignore'), '/*\n');
  const ignoreFile = join(root, '.museignore');
  return {
    museDirectory: museDir(root),
    ignoreFile,
    madeMuseDirectory,
    madeIgnoreFile: await makeFile(ignoreFile, defaultMuseIgnore),
    above,
  };
}

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
    await mkdir(nativePath(directory), { recursive: true });
    return treePathFromBytes(await realpath(nativePath(directory), 'buffer'));
  } catch (error) {
    throw systemFailure(`cannot make ${directory}`, error);
  }
}

/** Returns whether it was missing. A link is refused: what Muse keeps must lie below the root, or nowhere. */
async function makeRealDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(nativePath(path));
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw systemFailure(`cannot make ${path}`, error);
  }
  const stats = await lstat(nativePath(path));
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
    const handle = await open(nativePath(path), 'wx');
    try {
      await handle.writeFile(text);
    } catch (error) {
      await unlink(nativePath(path));
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
