import type { Stats } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { cacheDir, museDir, statCachePath } from '@muse/paths';
import type { Logger } from '@muse/stat-cache';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { nativePath } from '../native-path.js';
import type { CacheClearRequest } from '../request.js';
import { rootFailure } from '../root-failure.js';
import { errorCode, systemFailure } from '../system-error.js';
import { cacheRoot } from './cache-root.js';

/** The file that was removed, and how large it was. */
export interface CacheCleared {
  readonly file: string;
  /** Undefined where there was none. */
  readonly bytes: number | undefined;
}

/**
 * Removes the file of a cache, where there is one; rejects, and leaves everything alone, where it is not one, or not where
 * it belongs.
 */
export async function cacheClear(request: CacheClearRequest, logger: Logger): Promise<CacheCleared> {
  const root = await rootOf(request, logger);
  const file = statCachePath(root);
  for (const parent of [museDir(root), cacheDir(root)]) {
    const stats = await lstatOf(parent);
    if (!stats) return { file, bytes: undefined };
    if (!stats.isDirectory()) throw refusal(file, `${parent} is ${kindOf(stats)}, not a directory`);
  }
  const stats = await lstatOf(file);
  if (!stats) return { file, bytes: undefined };
  if (!stats.isFile()) throw refusal(file, `it is ${kindOf(stats)}, not a regular file`);
  try {
    await unlink(nativePath(file));
  } catch (error) {
    // Somebody else was quicker.
    if (errorCode(error) === 'ENOENT') return { file, bytes: undefined };
    throw systemFailure(`cannot remove ${file}`, error);
  }
  return { file, bytes: stats.size };
}

async function rootOf(request: CacheClearRequest, logger: Logger): Promise<string> {
  const doing = `cannot clear the cache of ${request.directory}`;
  try {
    return await cacheRoot(doing, request, logger);
  } catch (error) {
    throw rootFailure(doing, error);
  }
}

async function lstatOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(nativePath(path));
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
