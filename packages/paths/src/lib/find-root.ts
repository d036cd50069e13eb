import { lstat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { museDir } from './layout.js';
import { toOpenable } from './path-bytes.js';
import { reachPath } from './reach-path.js';

/**
 * Returns the nearest directory, from `from` upwards, that holds a real directory `.muse`, as an absolute path;
 * undefined where there is none.
 *
 * `from` is a directory or a file, and need not exist. Its ancestors are those of the path as written: symbolic
 * links in it are not resolved, and a link named `.muse` does not count.
 *
 * @throws the system's error when `.muse` can neither be seen nor be ruled out, for instance EACCES or EIO.
 */
export async function findRoot(from: string): Promise<string | undefined> {
  let directory = resolve(from);
  for (;;) {
    if (await isDirectory(museDir(directory))) return directory;
    const parent = dirname(directory);
    if (parent === directory) return undefined;
    directory = parent;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  let reached;
  try {
    reached = reachPath(toOpenable(path));
    return (await lstat(reached.path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  } finally {
    reached?.close();
  }
}
