import * as fs from 'node:fs';
import { constants, createReadStream, fstatSync, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { openLongPath } from './held-directory.js';
import { toFsPath, treePathFromBytes } from './tree-path.js';

/**
 * `ENOTREG` where something else than a regular file is in its place, `EFBIG` where it is larger than allowed, `EOTHER`
 * where it does not begin as the caller asks, else the system's code, such as `ENOENT`.
 */
export type FileReadErrorCode = 'ENOTREG' | 'EFBIG' | 'EOTHER' | (string & {});

/** A file was not read; the message names it, and says why. */
export class FileReadError extends Error {
  override readonly name = 'FileReadError';
  readonly code: FileReadErrorCode;
  /** The path as it was given. */
  readonly path: string | Uint8Array;
  /** Why, for a message that names the file itself: `it is a FIFO, not a regular file`, `permission denied`. */
  readonly reason: string;

  constructor(
    path: string | Uint8Array,
    reason: string,
    code: FileReadErrorCode,
    options?: { readonly cause?: unknown },
  ) {
    const text = typeof path === 'string' ? path : treePathFromBytes(path);
    super(`Cannot read ${JSON.stringify(text)}: ${reason}`, options);
    this.code = code;
    this.path = path;
    this.reason = reason;
  }
}

/** Limits of a reader. */
export interface ReadLimits {
  /** The most that may be there, counted as it is read: what the system says of a size may be untrue. Exactly as much is accepted. */
  readonly maxBytes: number;
  /** Rejects with its reason, between two reads of a file, at once while a pipe is silent. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link readGuarded}. */
export interface ReadGuardedOptions extends ReadLimits {
  /** Allows the path to be a symbolic link to the file. Default: false. */
  readonly follow?: boolean | undefined;
  /** Accepts a FIFO, a terminal or another character device, as for a file named by a person. Default: false. */
  readonly pipes?: boolean | undefined;
  /** Puts the bytes into memory that threads can share. Default: false. */
  readonly shared?: boolean | undefined;
  /**
   * Asked about the first bytes of a regular file, 4096 or all there are; where it returns false, nothing more is read,
   * whatever the size, and the call rejects with the code `EOTHER`. Default: any will do.
   */
  readonly accept?: ((beginning: Buffer) => boolean) | undefined;
}

/** A file that was read. */
export interface GuardedFile {
  readonly bytes: Buffer;
  /** The stat of the opened file itself, whatever its name leads to now. */
  readonly stat: Stats;
}

// The calls of `node:fs/promises`, which takes 3 ms to load.
const stat = promisify<string | Buffer, Stats>(fs.stat);
const lstat = promisify<string | Buffer, Stats>(fs.lstat);
const fstat = promisify<number, Stats>(fs.fstat);
const open = promisify<string | Buffer, number, number>(fs.open);
const read = promisify(fs.read);
const close = promisify(fs.close);

// Windows has only the first, and there undefined counts as 0.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const NOFOLLOW = constants.O_NOFOLLOW as number | undefined;
/** Bytes to ask for where the system reports a size of 0, as it does for files in `/proc`. */
const FIRST_BYTES = 4096;
/** The most bytes to read in one call, between two looks at the signal. */
const MOST_AT_ONCE = 1 << 26;
/** From so many bytes on, another thread is worth its start. */
const LARGE = 1 << 20;

/**
 * Reads a file that may be anything: only a regular one is read, nothing else is waited for, and nothing is read beyond
 * the limit. A special file is not even opened, for that alone can have an effect; what takes the place of a regular
 * file meanwhile is opened without blocking and refused.
 *
 * @throws FileReadError, with the system's code where it is the system that refused.
 */
export async function readGuarded(
  path: string | Uint8Array,
  options: ReadGuardedOptions,
): Promise<GuardedFile> {
  const { follow = false, pipes = false, signal } = options;
  signal?.throwIfAborted();
  let reached;
  try {
    reached = openLongPath(typeof path === 'string' ? toFsPath(path) : path);
    const native = reached.path;
    const named = await (follow ? stat(native) : lstat(native));
    const flags = follow ? FLAGS : FLAGS | (NOFOLLOW ?? 0);
    if (pipes && isPipe(named)) {
      const pipe = await openPipe(native, flags);
      if (!pipe) throw replaced(path);
      return { bytes: await readStream(path, pipe.stream, options), stat: pipe.stat };
    }
    check(path, named);
    const descriptor = await open(native, flags).catch((error: unknown) => {
      throw isReplaced(error) ? replaced(path) : error;
    });
    try {
      const opened = await fstat(descriptor);
      check(path, opened);
      // A link that took the place of the file, where the system cannot be told not to follow it.
      if (NOFOLLOW === undefined && !follow && opened.ino !== named.ino) check(path, await lstat(native));
      return { bytes: await readWhole(path, descriptor, opened.size, options), stat: opened };
    } finally {
      await close(descriptor);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw asReadError(path, error);
  } finally {
    reached?.close();
  }
}

/**
 * Reads a stream to its end, for what is given as one from the start, such as stdin; `name` is what errors call it. The
 * stream is destroyed where it is not read to its end.
 *
 * @throws FileReadError
 */
export async function readStream(
  name: string | Uint8Array,
  stream: AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown },
  { maxBytes, signal }: ReadLimits,
): Promise<Buffer> {
  const stop = () => {
    stream.destroy(signal?.reason as Error);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop, { once: true });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(name, maxBytes);
      chunks.push(chunk);
    }
    signal?.throwIfAborted();
    return Buffer.concat(chunks, length);
  } catch (error) {
    signal?.throwIfAborted();
    throw asReadError(name, error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function check(path: string | Uint8Array, stat: Stats): void {
  if (!stat.isFile()) throw new FileReadError(path, `it is ${kindOf(stat)}, not a regular file`, 'ENOTREG');
}

function replaced(path: string | Uint8Array): FileReadError {
  return new FileReadError(path, 'something that is not a regular file has taken its place', 'ENOTREG');
}

/** Returns true if a file that was regular a moment ago is now a link, or a socket or device that nobody serves. */
function isReplaced(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO';
}

async function readWhole(
  path: string | Uint8Array,
  descriptor: number,
  size: number,
  { maxBytes, signal, shared = false, accept }: ReadGuardedOptions,
): Promise<Buffer> {
  if (accept && !accept(await readBeginning(descriptor))) {
    throw new FileReadError(path, 'it begins like a file of another kind', 'EOTHER');
  }
  if (size > maxBytes) throw tooLarge(path, maxBytes);
  // One more than there should be, so that the end is seen, and a file that has grown.
  let bytes = allocate(Math.min(Math.max(size, FIRST_BYTES), maxBytes) + 1, shared);
  const begun = size < LARGE ? 0 : await readHalves(descriptor, bytes, Math.min(size, maxBytes));
  const isPositioned = accept !== undefined || begun > 0;
  for (let length = begun; ;) {
    signal?.throwIfAborted();
    const room = Math.min(bytes.length - length, MOST_AT_ONCE);
    const { bytesRead } = await read(descriptor, bytes, length, room, isPositioned ? length : null);
    length += bytesRead;
    if (bytesRead === 0) return bytes.subarray(0, length);
    if (length > maxBytes) throw tooLarge(path, maxBytes);
    if (length === bytes.length) {
      const larger = allocate(Math.min(2 * length, maxBytes + 1), shared);
      larger.set(bytes);
      bytes = larger;
    }
  }
}

/**
 * Reads both halves of a file at once, on two threads: nearly all of the time goes into copying. Returns how many bytes were
 * read from the start on without a gap.
 */
async function readHalves(descriptor: number, bytes: Buffer, size: number): Promise<number> {
  const half = Math.min(size >>> 1, MOST_AT_ONCE);
  const second = Math.min(size - half, MOST_AT_ONCE);
  const [first, rest] = await Promise.all([
    read(descriptor, bytes, 0, half, 0),
    read(descriptor, bytes, half, second, half),
  ]);
  return first.bytesRead < half ? first.bytesRead : half + rest.bytesRead;
}

async function readBeginning(descriptor: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  const { bytesRead } = await read(descriptor, bytes, 0, bytes.length, 0);
  return bytes.subarray(0, bytesRead);
}

function allocate(bytes: number, shared: boolean): Buffer {
  return shared ? Buffer.from(new SharedArrayBuffer(bytes)) : Buffer.allocUnsafeSlow(bytes);
}

function tooLarge(path: string | Uint8Array, maxBytes: number): FileReadError {
  return new FileReadError(path, `it has more than the ${String(maxBytes)} bytes allowed`, 'EFBIG');
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (stat.isFIFO()) return 'a FIFO';
  return stat.isSocket() ? 'a socket' : 'a device';
}

function asReadError(path: string | Uint8Array, error: unknown): FileReadError {
  if (error instanceof FileReadError) return error;
  const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
  // Node writes `EACCES: permission denied, open '/x'`: the middle is what the system said.
  const said = /^[A-Z0-9]+: (.*?), [a-z]+(?: '|$)/s.exec(message)?.[1] ?? message;
  return new FileReadError(path, said, code, { cause: error });
}

/** Returns true for a FIFO or a character device: whoever names one may want it read to its end. */
function isPipe(stat: Stats): boolean {
  return stat.isFIFO() || stat.isCharacterDevice();
}

/**
 * Opens a FIFO, a terminal or another character device as a stream; undefined where it is none of them. `flags` must not
 * let it block. No thread waits in a system call for bytes, or for somebody who writes, so that the process can end.
 */
async function openPipe(
  native: string | Buffer,
  flags: number,
): Promise<{ readonly stream: Readable; readonly stat: Stats } | undefined> {
  const descriptor = await open(native, flags);
  try {
    const stat = fstatSync(descriptor);
    if (isPipe(stat)) return { stream: streamOf(descriptor, stat), stat };
  } catch (error) {
    await close(descriptor);
    throw error;
  }
  await close(descriptor);
  return undefined;
}

/** The stream closes the descriptor. The two modules take milliseconds to load, and are seldom needed. */
function streamOf(fd: number, stat: Stats): Readable {
  if (stat.isFIFO()) {
    const { Socket } = process.getBuiltinModule('node:net');
    return new Socket({ fd, readable: true, writable: false });
  }
  const { isatty, ReadStream } = process.getBuiltinModule('node:tty');
  return isatty(fd) ? new ReadStream(fd) : createReadStream('', { fd });
}
