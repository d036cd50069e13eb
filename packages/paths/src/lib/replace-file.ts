import { randomBytes } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toFsPath } from './tree-path.js';

/**
 * Hears of each temporary file before it is made, and once it is gone: a program that removes what is left when a signal
 * ends it passes one, such as a `Set`. Libraries listen for no signal.
 */
export interface TemporaryFiles {
  add(path: string): unknown;
  delete(path: string): unknown;
}

/** Options of a temporary file. */
export interface TemporaryFileOptions {
  /** The beginning of its name, by which those of killed processes are known: `.muse_`. Random digits and `.tmp` follow. */
  readonly prefix: string;
  /** Permissions, from which the umask takes. Default: 0o666. */
  readonly mode?: number | undefined;
  /** Hears of the file. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

/** Options of {@link replaceFile}. */
export interface ReplaceFileOptions extends TemporaryFileOptions {
  /** Rejects with its reason, between two pieces. */
  readonly signal?: AbortSignal | undefined;
}

const TEMPORARY = '.tmp';
const ABANDONED_NS = 3_600_000_000_000n;
const CREATE =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_EXCL |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0);

/**
 * Makes a file, or replaces what has its name, so that whoever opens it finds the old bytes or the new ones whole, also
 * after a power cut. A link at `file` is replaced, not followed. The pieces are written to a temporary file beside it,
 * synced and renamed; each piece is written or copied before the next one is asked for. What fails leaves no temporary
 * file, and those that killed processes left with the same prefix are removed once they are an hour old.
 *
 * @throws the system's error, or what `pieces` throws; `file` is as it was then.
 */
export async function replaceFile(
  file: string,
  pieces: Iterable<Uint8Array>,
  options: ReplaceFileOptions,
): Promise<void> {
  const directory = dirname(file);
  const { prefix, signal } = options;
  await withTemporaryFile(directory, options, async (path, handle) => {
    let nowNs;
    try {
      nowNs = (await handle.stat({ bigint: true })).mtimeNs;
      for (const piece of joined(pieces)) {
        signal?.throwIfAborted();
        await writeAll(handle, piece);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    signal?.throwIfAborted();
    await rename(toFsPath(path), toFsPath(file));
    await syncDirectory(directory);
    await sweep(directory, prefix, nowNs);
  });
}

/** The most bytes of one write. */
const MOST_AT_ONCE = 8 * 1024 * 1024;

/** Writes a piece. `writeFile` would take some 40 turns of the event loop for the cache of 78,579 files. */
async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length;) {
    const { bytesWritten } = await handle.write(piece, at, Math.min(piece.length - at, MOST_AT_ONCE));
    at += bytesWritten;
  }
}

/**
 * Makes an empty file in a directory, removes it, and returns the stat it had: what the clock of that file system shows.
 *
 * @throws the system's error.
 */
export function statNewFile(directory: string, options: TemporaryFileOptions): Promise<BigIntStats> {
  return withTemporaryFile(directory, options, async (path, handle) => {
    try {
      return await handle.stat({ bigint: true });
    } finally {
      await handle.close().finally(() => unlink(toFsPath(path)));
    }
  });
}

/** Makes a file, has it known for as long as it can exist, and removes it where `use` fails. `use` closes the handle. */
async function withTemporaryFile<T>(
  directory: string,
  { prefix, mode = 0o666, temporaryFiles }: TemporaryFileOptions,
  use: (path: string, handle: FileHandle) => Promise<T>,
): Promise<T> {
  const path = join(directory, `${prefix}${randomBytes(8).toString('hex')}${TEMPORARY}`);
  temporaryFiles?.add(path);
  try {
    const handle = await open(toFsPath(path), CREATE, mode);
    try {
      return await use(path, handle);
    } catch (error) {
      await unlink(toFsPath(path)).catch(() => undefined);
      throw error;
    }
  } finally {
    temporaryFiles?.delete(path);
  }
}

/** Makes a new name in a directory survive a power cut, where the system lets a directory be synced. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(toFsPath(directory), constants.O_RDONLY).catch(() => undefined);
  // Windows and some network file systems refuse; the file itself is synced.
  await handle?.sync().catch(() => undefined);
  await handle?.close().catch(() => undefined);
}

/** Removes what killed processes left behind, an hour after they did by the file system's own clock. */
async function sweep(directory: string, prefix: string, nowNs: bigint): Promise<void> {
  for (const name of await readdir(toFsPath(directory)).catch(() => [])) {
    const isOurs =
      name.startsWith(prefix) && name.endsWith(TEMPORARY) && name.length > prefix.length + TEMPORARY.length;
    if (!isOurs) continue;
    const path = toFsPath(join(directory, name));
    const stat = await lstat(path, { bigint: true }).catch(() => undefined);
    if (stat?.isFile() && nowNs - stat.mtimeNs > ABANDONED_NS) await unlink(path).catch(() => undefined);
  }
}

const JOINED_BYTES = 1024 * 1024;

/**
 * Joins small pieces, in memory that is used again once more is asked for: 40,000 scattered changes of a cache are
 * 120,000 pieces, and each write takes 50 µs whatever it holds.
 */
function* joined(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  const memory = Buffer.allocUnsafeSlow(JOINED_BYTES);
  let length = 0;
  for (const piece of pieces) {
    if (length > 0 && length + piece.length > JOINED_BYTES) {
      yield memory.subarray(0, length);
      length = 0;
    }
    if (piece.length > JOINED_BYTES) {
      yield piece;
    } else {
      memory.set(piece, length);
      length += piece.length;
    }
  }
  if (length > 0) yield memory.subarray(0, length);
}
