import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { museDir, toFsPath } from '@muse/paths';
import {
  FileReadError,
  readGuarded,
  replaceFile,
  statNewFile,
  type TemporaryFileOptions,
  type TemporaryFiles,
} from '@muse/paths/files';
import { quotePath } from './hash-file.js';
import { jsonV3Codec, jsonV3With } from './json-v3/codec.js';
import {
  MAX_CACHE_BYTES,
  type CacheCodec,
  type CacheStorage,
  type LoadOptions,
  type LoadResult,
  type Sha256Elsewhere,
} from './types.js';

/** Options of a file storage. */
export interface FileStorageOptions {
  /** The directory of the file; made by the first probe or save where only it is missing. */
  readonly directory: string;
  /** A directory above that must be there already and be a real one, such as `.muse`. Default: none is asked for. */
  readonly within?: string | undefined;
  /** Default: `stat.json`. */
  readonly fileName?: string | undefined;
  /** Default: JSON v3. */
  readonly codec?: CacheCodec | undefined;
  /** Hears of temporary files. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

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

/** The file, its directory and those above it that must be real ones, from the top. */
interface Place {
  readonly file: string;
  readonly directory: string;
  readonly directories: readonly string[];
}

/**
 * Returns a storage that keeps contents in one file. A save writes a temporary file beside it, syncs it and renames it
 * over the target, so that the file is always one complete version, whoever else loads or saves. Links are never
 * followed: where the directory or the file is not what it should be, nothing is read or written.
 */
export function createFileStorage(options: FileStorageOptions): CacheStorage {
  const { within, codec = jsonV3Codec, temporaryFiles } = options;
  const directory = resolve(options.directory);
  const file = join(directory, options.fileName ?? 'stat.json');
  const place: Place = {
    file,
    directory,
    directories: within === undefined ? [directory] : [resolve(within), directory],
  };
  const temporary = (mode: number): TemporaryFileOptions => ({
    prefix: '.stat_cache_',
    mode,
    temporaryFiles,
  });

  return {
    load: (loadOptions) => loadFile(place, codec, loadOptions),
    save: async (change, { maxBytes = MAX_CACHE_BYTES } = {}) => {
      try {
        await prepare(place);
        await replaceFile(file, limited(codec.encode(change), maxBytes, file), temporary(0o644));
      } catch (error) {
        if (error instanceof CacheNotSavedError) throw error;
        const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
        throw new CacheNotSavedError(file, message, code, { cause: error });
      }
    },
    probe: async () => {
      try {
        await prepare(place);
        const { ctimeNs, dev } = await statNewFile(directory, temporary(0o600));
        return { ctimeNs, dev };
      } catch {
        // Read-only, full, not permitted, not there yet, or not what it must be: the caller falls back to the local clock.
        return undefined;
      }
    },
  };
}

/** Options of the storage in a `.muse` directory. */
export interface MuseStorageOptions extends Pick<FileStorageOptions, 'temporaryFiles'> {
  /** Computes the checksum elsewhere, after the load. Default: it is computed on this thread. */
  readonly digest?: Sha256Elsewhere | undefined;
}

/** Returns the storage in a `.muse` directory. */
export function storageIn(muse: string, { temporaryFiles, digest }: MuseStorageOptions): CacheStorage {
  const codec = digest && jsonV3With(digest);
  return createFileStorage({ directory: join(muse, 'cache'), within: muse, codec, temporaryFiles });
}

/** Returns the storage of a root's own `.muse` directory, or `undefined` where there is none. */
export async function storageOfRoot(
  root: string,
  options: MuseStorageOptions,
): Promise<CacheStorage | undefined> {
  const muse = museDir(root);
  try {
    await lstat(toFsPath(muse));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  }
  return storageIn(muse, options);
}

async function loadFile(
  { file, directories }: Place,
  codec: CacheCodec,
  { maxBytes, signal }: LoadOptions,
): Promise<LoadResult> {
  signal?.throwIfAborted();
  try {
    const wrong = await wrongDirectory(directories);
    if (wrong !== undefined) return { discarded: 'unreadable', detail: wrong };
    // Shared, so that threads can read the lines without a copy.
    const { bytes } = await readGuarded(file, { maxBytes, signal, shared: true });
    return codec.decode(bytes);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof FileReadError && error.code === 'ENOENT') return undefined;
    if (error instanceof FileReadError && error.code === 'EFBIG') {
      return { discarded: 'too-large', detail: error.reason };
    }
    // What the system said, where it said anything.
    const { message, cause } = error as Error;
    return { discarded: 'unreadable', detail: cause instanceof Error ? cause.message : message };
  }
}

async function lstatIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(toFsPath(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Returns what is wrong with the first of these that is no real directory; missing ones are fine. */
async function wrongDirectory(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const stat = await lstatIfPresent(directory);
    if (stat && !stat.isDirectory()) return `${quotePath(directory)} is not a real directory`;
  }
  return undefined;
}

/** Makes the directory where only it is missing; throws where something stands in a place that is not what it must be. */
async function prepare({ file, directory, directories }: Place): Promise<void> {
  const wrong = await wrongDirectory(directories);
  if (wrong !== undefined) throw new CacheNotSavedError(file, `${wrong}; nothing was written`, 'ENOTREG');
  const target = await lstatIfPresent(file);
  if (target && !target.isFile()) {
    throw new CacheNotSavedError(file, 'it is not a regular file; nothing was written', 'ENOTREG');
  }
  try {
    await mkdir(toFsPath(directory), 0o755);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
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
