import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findRoot, museDir, relativeTreePath, treePathFromBytes } from '@muse/paths';
import type { Logger } from '@muse/stat-cache';
import { nativePath } from './native-path.js';
import { errorCode, systemFailure } from './system-error.js';

/** A directory that was named, and the working tree that it belongs to. */
export interface WorkingTree {
  /** As it was typed. */
  readonly name: string;
  /**
   * The native path of the directory that is snapshotted, or of one above it that has a `.muse`; its links are resolved,
   * unless the directory could not be reached.
   */
  readonly root: string;
  /** The tree path of the named directory below it; `''` where it is the root itself. */
  readonly subtree: string;
  /** Whether there is a `.muse` to keep things in. */
  readonly hasMuse: boolean;
  /** What the system said where the directory could not be reached. */
  readonly error?: unknown;
}

/**
 * Finds the working tree that a directory belongs to: its own where it has a `.muse`, else that of the nearest directory
 * above which has one, else the directory alone. Links are resolved first, so that where a directory is decides, not how
 * it was reached. A directory that does not exist is left to whoever opens it.
 */
export async function findWorkingTree(name: string, logger: Logger): Promise<WorkingTree> {
  let real: string;
  try {
    real = treePathFromBytes(await realpath(nativePath(name), 'buffer'));
  } catch (error) {
    return { name, root: name, subtree: '', hasMuse: false, error };
  }
  const alone = { name, root: real, subtree: '' };
  if (await isThere(museDir(real))) return { ...alone, hasMuse: true };
  const root = await rootAbove(real, name);
  if (root === undefined || root === real) return { ...alone, hasMuse: root === real };
  const subtree = relativeTreePath(root, real);
  if (!(await isTrusted(museDir(root), real))) {
    logger.warn(`${museDir(root)} is not used: it belongs to another user`);
    return { ...alone, hasMuse: false };
  }
  return { name, root, subtree, hasMuse: true };
}

/** A directory that may not be entered is no root of anything that can be reached: the search goes on above it. */
export async function rootAbove(file: string, name: string): Promise<string | undefined> {
  for (let from = file; ; from = dirname(from)) {
    try {
      return await findRoot(from);
    } catch (error) {
      if (errorCode(error) === 'EACCES' && from !== dirname(from)) continue;
      throw systemFailure(`cannot look for .muse above ${name}`, error);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(nativePath(path));
    return true;
  } catch (error) {
    const code = errorCode(error);
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

/**
 * Whoever can write into a directory above, such as `/tmp`, could put a `.muse` there whose cache and rules say what he
 * likes. So it must belong to the user, to the owner of the directory that was named, or to root.
 */
async function isTrusted(muse: string, directory: string): Promise<boolean> {
  const [its, owner] = await Promise.all([muse, directory].map((path) => lstat(nativePath(path))));
  return its?.uid === 0 || its?.uid === process.geteuid?.() || its?.uid === owner?.uid;
}
