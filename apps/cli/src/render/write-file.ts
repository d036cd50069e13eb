import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { treePathFromBytes } from '@muse/paths';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { nativePath } from '../native-path.js';
import { errorCode, systemFailure } from '../system-error.js';
import { writeFully } from './write-fully.js';

/** Rejects when an answer could not be written to `path` anyway, before the work for it is done. */
export async function checkWritable(path: string): Promise<void> {
  try {
    const target = await resolveTarget(path);
    if (!target.device) await access(nativePath(dirname(target.path)), constants.W_OK);
  } catch (error) {
    throw failure(path, error);
  }
}

/**
 * Writes an answer to `path`: whole, by way of a temporary file beside it, or not at all. A symbolic link stays one,
 * and its target is replaced. Only to a character device such as `/dev/null` the bytes go directly.
 */
export async function writeFile(
  path: string,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const target = await resolveTarget(path);
    if (target.device) await writeThrough(target.path, chunks, signal);
    else await replace(target.path, target.mode, chunks, signal);
  } catch (error) {
    throw signal.aborted ? signal.reason : failure(path, error);
  }
}

async function replace(
  path: string,
  mode: number | undefined,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const temporary = nativePath(join(dirname(path), `.muse-output-${randomBytes(8).toString('hex')}.tmp`));
  const handle = await open(temporary, 'wx');
  try {
    try {
      if (mode !== undefined) await handle.chmod(mode);
      await writeChunks(handle, chunks, signal);
      await handle.sync();
    } finally {
      await handle.close();
    }
    signal.throwIfAborted();
    await rename(temporary, nativePath(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function writeThrough(path: string, chunks: Iterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const handle = await open(nativePath(path), constants.O_WRONLY);
  try {
    await writeChunks(handle, chunks, signal);
  } finally {
    await handle.close();
  }
}

async function writeChunks(
  handle: FileHandle,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  for (const chunk of chunks) {
    signal.throwIfAborted();
    await writeFully(handle.fd, chunk);
  }
}

interface Target {
  /** Where the answer goes, links resolved. */
  readonly path: string;
  /** True for a character device, which is not to be replaced by a file. */
  readonly device: boolean;
  /** The permissions of the file that is there already. */
  readonly mode: number | undefined;
}

async function resolveTarget(path: string): Promise<Target> {
  let stats: Stats;
  try {
    stats = await stat(nativePath(path));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return { path, device: false, mode: undefined };
  }
  if (stats.isCharacterDevice()) return { path, device: true, mode: undefined };
  if (stats.isFile()) {
    const resolved = await realpath(nativePath(path), 'buffer');
    return { path: treePathFromBytes(resolved), device: false, mode: stats.mode & 0o777 };
  }
  const kind = stats.isDirectory() ? 'a directory' : stats.isFIFO() ? 'a pipe' : 'no regular file';
  const advice = stats.isFIFO() ? `write to stdout and use '>'` : 'name a file';
  throw new CommandError(ExitCode.failed, `cannot write ${path}: it is ${kind}`, advice);
}

function failure(path: string, error: unknown): unknown {
  return errorCode(error) === undefined ? error : systemFailure(`cannot write ${path}`, error);
}
