import type { Stats } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { cacheDir, museDir, statCachePath, toFsPath } from '@muse/paths';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, errorCode, ExitCode, systemFailure } from '../../errors.js';
import { writeLines } from '../../terminal/answer.js';
import { byteSize } from '../../terminal/format.js';
import type { cacheClear } from './definition.js';
import { cacheTree } from './root.js';

/** Removes the file of a cache, where there is one, and says so. */
export const run: Run<RequestOf<typeof cacheClear>> = async (request, { reporter }) => {
  const { root } = await cacheTree(`cannot clear the cache of ${request.directory}`, request, reporter);
  const file = statCachePath(root);
  const bytes = await remove(root, file);
  await writeLines([
    bytes === undefined ? `Nothing to remove: there is no ${file}` : `Removed ${file} (${byteSize(bytes)})`,
  ]);
  return ExitCode.done;
};

/**
 * Returns how large the file was, if there was one. Rejects, and leaves everything alone, where it is not a file, or not
 * where it belongs.
 */
async function remove(root: string, file: string): Promise<number | undefined> {
  for (const parent of [museDir(root), cacheDir(root)]) {
    const stats = await lstatOf(parent);
    if (!stats) return undefined;
    if (!stats.isDirectory()) throw refusal(file, `${parent} is ${kindOf(stats)}, not a directory`);
  }
  const stats = await lstatOf(file);
  if (!stats) return undefined;
  if (!stats.isFile()) throw refusal(file, `it is ${kindOf(stats)}, not a regular file`);
  try {
    await unlink(toFsPath(file));
  } catch (error) {
    // Somebody else was quicker.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemFailure(`cannot remove ${file}`, error);
  }
  return stats.size;
}

async function lstatOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(toFsPath(path));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemFailure(`cannot look at ${path}`, error);
  }
}

function refusal(file: string, reason: string): CommandError {
  return new CommandError(ExitCode.failed, `cannot remove ${file}: ${reason}`, 'nothing was removed');
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isDirectory()) return 'a directory';
  return stats.isFile() ? 'a file' : 'a special file';
}
