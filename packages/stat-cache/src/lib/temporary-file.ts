import { randomBytes } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { toOpenable } from '@muse/paths';
import type { TemporaryFiles } from './types.js';

/**
 * Temporary files: `.stat_cache_<random>.tmp` in the directory of the cache, created exclusively. Each function that
 * makes one also removes it, whatever fails; those of killed processes are swept by whoever saves an hour later.
 */

const NAME = /^\.stat_cache_.+\.tmp$/;
const ABANDONED_NS = 3_600_000_000_000n;
const CREATE =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_EXCL |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0);

function nameIn(directory: string): string {
  return join(directory, `.stat_cache_${randomBytes(8).toString('hex')}.tmp`);
}

/**
 * Makes a file, synced and closed, hands its path and its first stat to `use`, and removes it where that fails.
 * A piece is written before the next one is asked for.
 */
export async function withTemporaryFile(
  directory: string,
  pieces: Iterable<Uint8Array>,
  use: (path: string, stat: BigIntStats) => Promise<void>,
  known?: TemporaryFiles,
): Promise<void> {
  await named(directory, known, async (path) => {
    const handle = await open(toOpenable(path), CREATE, 0o644);
    try {
      let stat;
      try {
        stat = await handle.stat({ bigint: true });
        for (const piece of joined(pieces)) await handle.writeFile(piece);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await use(path, stat);
    } catch (error) {
      await unlink(toOpenable(path)).catch(() => undefined);
      throw error;
    }
  });
}

/** Makes an empty file, removes it again and returns the stat it had. */
export function statOfNewFile(directory: string, known?: TemporaryFiles): Promise<BigIntStats> {
  return named(directory, known, async (path) => {
    const handle = await open(toOpenable(path), CREATE, 0o600);
    try {
      return await handle.stat({ bigint: true });
    } finally {
      await handle.close().finally(() => unlink(toOpenable(path)));
    }
  });
}

/** Has a new name known for as long as a file of that name can exist. */
async function named<T>(
  directory: string,
  known: TemporaryFiles | undefined,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = nameIn(directory);
  known?.add(path);
  try {
    return await use(path);
  } finally {
    known?.delete(path);
  }
}

/** Removes what killed processes left behind, an hour after they did by the file system's own clock. */
export async function sweep(directory: string, nowNs: bigint): Promise<void> {
  for (const name of await readdir(toOpenable(directory)).catch(() => [])) {
    if (!NAME.test(name)) continue;
    const path = join(directory, name);
    const stat = await lstat(toOpenable(path), { bigint: true }).catch(() => undefined);
    if (stat?.isFile() && nowNs - stat.mtimeNs > ABANDONED_NS)
      await unlink(toOpenable(path)).catch(() => undefined);
  }
}

const JOINED_BYTES = 1024 * 1024;

/**
 * Joins small pieces, in memory that is used again once more is asked for: 40,000 scattered changes are 120,000 pieces,
 * and each write takes 50 µs whatever it holds.
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
