import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toFsPath } from '@muse/paths';
import { replaceFile, statNewFile, type TemporaryFiles } from '@muse/paths/files';
import { quotePath } from './errors.js';
import { jsonV3Codec } from './json-v3/codec.js';
import { encode } from './json-v3/encode.js';
import { MAX_CACHE_BYTES } from './limits.js';
import type {
  CacheChange,
  CacheCodec,
  CacheContents,
  CacheStorage,
  LoadOptions,
  LoadResult,
  ProbeStamp,
} from './types.js';

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
  /** Hears of temporary files. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

/** The beginning of the names of temporary files. */
const TEMPORARY = '.stat_cache_';
const NOFOLLOW = constants.O_NOFOLLOW as number | undefined;
const READ = constants.O_RDONLY | (NOFOLLOW ?? 0) | ((constants.O_NONBLOCK as number | undefined) ?? 0);

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
  readonly temporaryFiles: TemporaryFiles | undefined;
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
  const directories = within === undefined ? [directory] : [resolve(within), directory];
  const place: Place = { file, directory, directories, temporaryFiles };

  return {
    load: (loadOptions) => loadFile(place, codec, loadOptions),
    probe: () => probe(place),
    save: async (change, { maxBytes = MAX_CACHE_BYTES, keep } = {}) => {
      try {
        await prepare(place);
        const pieces = limited(encodeWith(codec, change, keep === undefined), maxBytes, file);
        if (keep) await replaceAndKeep(place, codec, pieces, keep);
        else await replace(place, pieces);
      } catch (error) {
        if (error instanceof CacheNotSavedError) throw error;
        const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
        throw new CacheNotSavedError(file, message, code, { cause: error });
      }
    },
  };
}

/** With `reuse` each piece must be written before the next one is asked for. */
function encodeWith(codec: CacheCodec, change: CacheChange, reuse: boolean): Iterable<Uint8Array> {
  return codec === jsonV3Codec ? encode(change, { reuse }) : codec.encode(change);
}

async function replaceAndKeep(
  place: Place,
  codec: CacheCodec,
  pieces: Iterable<Uint8Array>,
  keep: (contents: CacheContents) => void,
): Promise<void> {
  const written: Uint8Array[] = [];
  // Collected while they are written, one write a turn of the event loop: all at once they would block it.
  await replace(place, collected(pieces, written));
  const decoded = codec.decode(joinShared(written), { defer: true });
  if ('contents' in decoded) keep(decoded.contents);
}

function* collected(pieces: Iterable<Uint8Array>, into: Uint8Array[]): Iterable<Uint8Array> {
  for (const piece of pieces) {
    into.push(piece);
    yield piece;
  }
}

/** Shared, so that threads can look entries up without a copy. */
function joinShared(pieces: readonly Uint8Array[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = Buffer.from(new SharedArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

async function loadFile(
  { file, directories }: Place,
  codec: CacheCodec,
  { maxBytes, signal, defer }: LoadOptions,
): Promise<LoadResult> {
  signal?.throwIfAborted();
  let handle: FileHandle | undefined;
  try {
    const wrong = await wrongDirectory(directories);
    if (wrong) return { discarded: 'unreadable', detail: wrong };
    handle = await open(toFsPath(file), READ);
    const stat = await handle.stat();
    if (!stat.isFile() || (NOFOLLOW === undefined && (await lstat(toFsPath(file))).ino !== stat.ino))
      return { discarded: 'unreadable', detail: `${quotePath(file)} is not a regular file` };
    if (stat.size > maxBytes) {
      return {
        discarded: 'too-large',
        detail: `it has ${stat.size} bytes, more than the ${maxBytes} allowed`,
      };
    }
    const bytes = await readAll(handle, stat.size, signal);
    return codec.decode(bytes, { defer });
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { discarded: 'unreadable', detail: (error as Error).message };
  } finally {
    // What was read is judged by its own checksum, not by how the descriptor closes.
    await handle?.close().catch(() => undefined);
  }
}

async function readAll(handle: FileHandle, size: number, signal: AbortSignal | undefined): Promise<Buffer> {
  // Shared, so that threads can look entries up without a copy.
  const bytes = Buffer.from(new SharedArrayBuffer(size));
  let length = 0;
  while (length < size) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(bytes, length, size - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
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
  if (wrong) throw new CacheNotSavedError(file, `${wrong}; nothing was written`, 'ENOTREG');
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

function replace({ file, temporaryFiles }: Place, pieces: Iterable<Uint8Array>): Promise<void> {
  return replaceFile(file, pieces, { prefix: TEMPORARY, mode: 0o644, temporaryFiles });
}

async function probe(place: Place): Promise<ProbeStamp | undefined> {
  try {
    await prepare(place);
    const { ctimeNs, dev } = await statNewFile(place.directory, {
      prefix: TEMPORARY,
      mode: 0o600,
      temporaryFiles: place.temporaryFiles,
    });
    return { ctimeNs, dev };
  } catch {
    // Read-only, full, not permitted, not there yet, or not what it must be: the caller falls back to the local clock.
    return undefined;
  }
}
