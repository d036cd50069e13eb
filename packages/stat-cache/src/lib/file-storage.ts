import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { quotePath } from './errors.js';
import { jsonV3Codec } from './json-v3/codec.js';
import { MAX_CACHE_BYTES } from './limits.js';
import type { CacheCodec, CacheStorage, LoadOptions, LoadResult, ProbeStamp } from './types.js';

/** Where a file storage keeps its file. */
export interface FileStorageOptions {
  /** The directory of the file; made by the first probe or save where only it is missing. */
  readonly directory: string;
  /** A directory above that must be there already and be a real one, such as `.muse`. Default: none is asked for. */
  readonly within?: string | undefined;
  /** Default: `stat.json`. */
  readonly fileName?: string | undefined;
  /** Default: JSON v3. */
  readonly codec?: CacheCodec | undefined;
}

const TEMPORARY = /^\.stat_cache_.+\.tmp$/;
const ABANDONED_NS = 3_600_000_000_000n;
const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0;
const nonBlock = (constants.O_NONBLOCK as number | undefined) ?? 0;
const READ = constants.O_RDONLY | noFollow | nonBlock;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow;

/** A cache was not saved; the one stored before is as it was. */
export class CacheNotSavedError extends Error {
  override readonly name = 'CacheNotSavedError';
  /** The system's code, or `EFBIG` where the next load would refuse the file, or `ENOTREG` where something else is in its place. */
  readonly code: string;
  readonly path: string;

  constructor(path: string, reason: string, code: string, options?: ErrorOptions) {
    super(`Cannot save the stat cache ${quotePath(path)}: ${reason}`, options);
    this.code = code;
    this.path = path;
  }
}

/**
 * Returns a storage that keeps contents in one file. A save writes a temporary file beside it, syncs it and renames it
 * over the target, so that the file is always one complete version, whoever else loads or saves. Links are never
 * followed: where the directory or the file is not what it should be, nothing is read or written.
 */
export function createFileStorage(options: FileStorageOptions): CacheStorage {
  const { directory, within, codec = jsonV3Codec } = options;
  const file = join(directory, options.fileName ?? 'stat.json');
  const places = within === undefined ? [directory] : [within, directory];

  return {
    load: (loadOptions) => loadFile(file, places, codec, loadOptions),
    probe: () => probe(directory, places),
    save: async (change, { maxBytes = MAX_CACHE_BYTES } = {}) => {
      try {
        await prepare(file, directory, places);
        await replace(file, directory, limited(codec.encode(change), maxBytes, file));
      } catch (error) {
        if (error instanceof CacheNotSavedError) throw error;
        const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
        throw new CacheNotSavedError(file, message, code, { cause: error });
      }
    },
  };
}

async function loadFile(
  file: string,
  places: readonly string[],
  codec: CacheCodec,
  { maxBytes, signal }: LoadOptions,
): Promise<LoadResult> {
  signal?.throwIfAborted();
  let handle: FileHandle | undefined;
  try {
    const wrong = await misplaced(places);
    if (wrong) return { discarded: 'unreadable', detail: wrong };
    handle = await open(file, READ);
    const stat = await handle.stat();
    if (!stat.isFile())
      return { discarded: 'unreadable', detail: `${quotePath(file)} is not a regular file` };
    if (stat.size > maxBytes) {
      return {
        discarded: 'too-large',
        detail: `it has ${stat.size} bytes, more than the ${maxBytes} allowed`,
      };
    }
    const bytes = await readAll(handle, stat.size, signal);
    return codec.decode(bytes);
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { discarded: 'unreadable', detail: (error as Error).message };
  } finally {
    await handle?.close();
  }
}

async function readAll(handle: FileHandle, size: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(bytes, length, size - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** Returns what is wrong with the first of these that is no real directory; missing ones are fine. */
async function misplaced(places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    try {
      const stat = await lstat(place);
      if (!stat.isDirectory()) return `${quotePath(place)} is not a real directory`;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
  return undefined;
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function prepare(file: string, directory: string, places: readonly string[]): Promise<void> {
  const wrong = await misplaced(places);
  if (wrong) throw new CacheNotSavedError(file, `${wrong}; nothing was written`, 'ENOTREG');
  await makeDirectory(directory);
  const target = await lstat(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (target && !target.isFile()) {
    throw new CacheNotSavedError(file, 'it is not a regular file; nothing was written', 'ENOTREG');
  }
}

function* limited(pieces: Iterable<Uint8Array>, maxBytes: number, file: string): Iterable<Uint8Array> {
  let total = 0;
  for (const piece of pieces) {
    total += piece.length;
    if (total > maxBytes) {
      throw new CacheNotSavedError(
        file,
        `it would have more than ${maxBytes} bytes, and the next load would refuse it`,
        'EFBIG',
      );
    }
    yield piece;
  }
}

function temporaryIn(directory: string): string {
  return join(directory, `.stat_cache_${randomBytes(8).toString('hex')}.tmp`);
}

async function replace(file: string, directory: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const temporary = temporaryIn(directory);
  const handle = await open(temporary, CREATE, 0o666);
  try {
    const { mtimeNs: nowNs } = await handle.stat({ bigint: true });
    try {
      for (const piece of pieces) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncDirectory(directory);
    await sweep(directory, nowNs);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Makes the rename survive a power cut, where the system lets a directory be synced. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY).catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Windows and some network file systems refuse; the file itself is synced.
  } finally {
    await handle?.close();
  }
}

/** Removes what killed processes left behind, an hour after they did. */
async function sweep(directory: string, nowNs: bigint): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(directory, name);
    const stat = await lstat(path, { bigint: true }).catch(() => undefined);
    if (stat?.isFile() && nowNs - stat.mtimeNs > ABANDONED_NS) await unlink(path).catch(() => undefined);
  }
}

async function probe(directory: string, places: readonly string[]): Promise<ProbeStamp | undefined> {
  try {
    if (await misplaced(places)) return undefined;
    await makeDirectory(directory);
    const path = temporaryIn(directory);
    const handle = await open(path, CREATE, 0o600);
    try {
      const { ctimeNs, dev } = await handle.stat({ bigint: true });
      return { ctimeNs, dev };
    } finally {
      await handle.close();
      await unlink(path);
    }
  } catch {
    // Read-only, full, not permitted or not there yet: the caller falls back to the local clock.
    return undefined;
  }
}
