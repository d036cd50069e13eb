import { createHash, hash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { isSameInode, openLongPath } from '@muse/paths';
import { MovedFileError, NotRegularFileError, quotePath, TornFileError } from './errors.js';
import { asyncCalls, syncCalls, type FileCalls } from './file-calls.js';
import type { FileStat, ObjectId } from './types.js';
import { isSameStat } from './validity.js';

/** What a file held at one moment. */
export interface HashedFile {
  readonly objectId: ObjectId;
  /** The stat from just before the read, equal to the one from just after it. */
  readonly stat: FileStat;
  /** Bytes read. Not `stat.size` where the size lies, as procfs does: such a file must not be recorded in a cache. */
  readonly bytes: number;
}

/** Anything that can end a read between two chunks; an `AbortSignal` is one. */
export interface Abortable {
  throwIfAborted(): void;
}

/** How one file is read. */
export interface HashOptions {
  readonly signal?: Abortable | undefined;
  /** The inode that was listed under this path: a read of any other is refused with {@link MovedFileError}. */
  readonly listed?: Pick<FileStat, 'dev' | 'ino'> | undefined;
  /**
   * Another path to the same file, to be opened instead: one through a directory that is held open, which no swap of what
   * is above can lead elsewhere. Default: the file's own path.
   */
  readonly through?: string | Uint8Array | undefined;
  /** Memory to read into, reused from file to file; at least 4 KiB is wise. Default: up to 1 MiB, made for this file. */
  readonly buffer?: Uint8Array | undefined;
}

const TRIES = 3;
/** Files of procfs say that they are empty, and some give all they have to the first read and nothing to a second. */
const MIN_BUFFER = 4096;
const MAX_BUFFER = 1024 * 1024;
// Neither constant exists on Windows: there, only the comparison of lstat with fstat tells a link from its target.
const FLAGS =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

/**
 * Hashes one file and returns its object id with the stat it had, in bounded memory and without blocking the event
 * loop. Rejects with `TornFileError` when it changed three times while it was read, with `NotRegularFileError` when it
 * is no regular file (a symbolic link is not followed, a FIFO not opened), with the system's error otherwise, or with
 * the reason of `signal`. Takes the path as bytes where the name is not UTF-8.
 */
export function hashFile(path: string | Uint8Array, options: HashOptions = {}): Promise<HashedFile> {
  return hashFileWith(asyncCalls, path, options);
}

/** Does what {@link hashFile} does, through the calls it is given. */
export function hashFileWith(
  calls: FileCalls,
  path: string | Uint8Array,
  options: HashOptions = {},
): Promise<HashedFile> {
  return drive(hashSteps(calls, path, options));
}

/** Goes through steps, waiting for each. */
async function drive<T>(steps: Generator<unknown, T, unknown>): Promise<T> {
  let step = steps.next();
  while (!step.done) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}

/** Does what {@link hashFile} does and returns at the end: for worker threads. */
export function hashFileSync(
  path: string | Uint8Array,
  options: HashOptions = {},
  calls: FileCalls = syncCalls,
): HashedFile {
  const steps = hashSteps(calls, path, options);
  let step = steps.next();
  while (!step.done) step = steps.next(step.value);
  return step.value;
}

/** One read of a file. It proves nothing unless both stats are the same. */
export interface FileRead {
  /** The stat from just before the read, and the one from just after it. */
  readonly before: FileStat;
  readonly after: FileStat;
  /** Bytes read. */
  readonly bytes: number;
  /** SHA-256 of the bytes, as 64 hex digits; `undefined` where the file was seen to change, so that there was no point in reading on. */
  readonly digest: string | undefined;
}

/** Reads a listed file once and returns at the end: for worker threads. Throws as {@link hashFile} rejects. */
export function readListedFileSync(
  path: string | Uint8Array,
  options: HashOptions & Required<Pick<HashOptions, 'listed'>>,
  calls: FileCalls = syncCalls,
): FileRead {
  const steps = readListedSteps(calls, path, options);
  let step = steps.next();
  while (!step.done) step = steps.next(step.value);
  return step.value;
}

/** Reads a listed file once, through the calls it is given. Rejects as {@link hashFile} does. */
export function readListedFile(
  calls: FileCalls,
  path: string | Uint8Array,
  options: HashOptions & Required<Pick<HashOptions, 'listed'>>,
): Promise<FileRead> {
  return drive(readListedSteps(calls, path, options));
}

function* readListedSteps(
  calls: FileCalls,
  path: string | Uint8Array,
  options: HashOptions,
): Generator<unknown, FileRead, unknown> {
  const reached = openLongPath(options.through ?? path);
  try {
    const read = yield* readOnceSteps(calls, path, reached.path, options);
    if (read) return read;
  } finally {
    reached.close();
  }
  throw new MovedFileError(path);
}

/** Hashes a file: reads it until nothing changed meanwhile, three times at most. */
function* hashSteps(
  calls: FileCalls,
  path: string | Uint8Array,
  options: HashOptions,
): Generator<unknown, HashedFile, unknown> {
  if (options.buffer?.length === 0) {
    throw new RangeError(`Cannot hash ${quotePath(path)} through a buffer of 0 bytes: it must have room`);
  }
  const reached = openLongPath(options.through ?? path);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      options.signal?.throwIfAborted();
      const read = yield* readOnceSteps(calls, path, reached.path, options);
      if (!read) continue;
      const { digest, bytes, before, after } = read;
      if (digest && isSameStat(before, after)) {
        return { objectId: `sha256:${digest}`, bytes, stat: before };
      }
    }
  } finally {
    reached.close();
  }
  throw new TornFileError(path, TRIES);
}

/**
 * The one procedure that reads a file, for both kinds of calls: each `yield` hands out what a call returned and gets
 * back its value. The order is the guarantee: identity, stat, bytes, stat. Returns `undefined` where another file has
 * taken the place of the one that was looked at.
 */
function* readOnceSteps(
  calls: FileCalls,
  path: string | Uint8Array,
  reached: string | Uint8Array,
  options: HashOptions,
): Generator<unknown, FileRead | undefined, unknown> {
  const listed = options.listed ?? ((yield calls.lstat(reached)) as BigIntStats);
  if (isStats(listed) && !listed.isFile()) throw new NotRegularFileError(path, kindOf(listed));
  const fd = yield* openSteps(calls, path, reached);
  if (fd === undefined) return undefined;
  try {
    const before = (yield calls.fstat(fd)) as BigIntStats;
    if (!isSameInode(before, listed)) {
      if (options.listed) throw new MovedFileError(path);
      return undefined;
    }
    if (!before.isFile()) throw new NotRegularFileError(path, kindOf(before));
    const read = yield* readSteps(calls, fd, before, options);
    const after = (yield calls.fstat(fd)) as BigIntStats;
    return { ...read, before, after };
  } finally {
    yield calls.close(fd);
  }
}

/** Opens the file; `undefined` when a link stood in its place, and no longer does. */
function* openSteps(
  calls: FileCalls,
  path: string | Uint8Array,
  reached: string | Uint8Array,
): Generator<unknown, number | undefined, unknown> {
  try {
    return (yield calls.open(reached, FLAGS)) as number;
  } catch (error) {
    // A link that took the file's place answers ELOOP, or EMLINK on FreeBSD; a socket ENXIO.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ELOOP' && code !== 'EMLINK' && code !== 'ENXIO') throw error;
    const now = (yield calls.lstat(reached)) as BigIntStats;
    if (now.isFile()) return undefined;
    throw new NotRegularFileError(path, kindOf(now));
  }
}

/** Reads to the end, or until the file is seen to change. */
function* readSteps(
  calls: FileCalls,
  fd: number,
  before: FileStat,
  options: HashOptions,
): Generator<unknown, Pick<FileRead, 'digest' | 'bytes'>, unknown> {
  // One byte more than the size: a read that comes back short of the buffer has seen the end, and no other is needed.
  const size = Number(before.size);
  const wanted = Math.min(Math.max(size + 1, MIN_BUFFER), MAX_BUFFER);
  const buffer = options.buffer ?? Buffer.allocUnsafeSlow(wanted);
  let count = (yield calls.read(fd, buffer)) as number;
  if (count === size && count < buffer.length) {
    // 3.8 µs where createHash takes 5.0 (4 KiB, Node 20).
    return { digest: hash('sha256', buffer.subarray(0, count), 'hex'), bytes: count };
  }
  const hasher = createHash('sha256');
  let bytes = 0;
  while (count > 0) {
    hasher.update(buffer.subarray(0, count));
    bytes += count;
    if (bytes === size && count < buffer.length) break;
    // There is more than the stat says: either the file grows, or its size lies and this is how to tell.
    if (bytes > size && !isSameStat(before, (yield calls.fstat(fd)) as BigIntStats)) {
      return { digest: undefined, bytes };
    }
    options.signal?.throwIfAborted();
    count = (yield calls.read(fd, buffer)) as number;
  }
  return { digest: hasher.digest('hex'), bytes };
}

function isStats(listed: object): listed is BigIntStats {
  return 'isFile' in listed;
}

/** Returns what kind of thing, other than a regular file, a stat describes; for a message. */
export function kindOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symbolic link';
  if (stat.isFIFO()) return 'FIFO';
  if (stat.isSocket()) return 'socket';
  return 'device';
}
