import * as fs from 'node:fs';
import { createHash, hash } from 'node:crypto';
import {
  holdBelow,
  holdDirectory,
  isSameInode,
  openLongPath,
  pathInDirectory,
  toNativePath,
  treePathFromBytes,
  type HeldDirectory,
  type HoldDirectory,
} from '@muse/paths';
import { isSameStat } from './pending.js';
import type { FileStat, ObjectId } from './types.js';

/** The content of a file at one moment. */
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

/** Options of hashing one file. */
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
  fs.constants.O_RDONLY |
  ((fs.constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((fs.constants.O_NONBLOCK as number | undefined) ?? 0);

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
  const listed = options.listed ?? ((yield calls.lstat(reached)) as fs.BigIntStats);
  if (isStats(listed) && !listed.isFile()) throw new NotRegularFileError(path, kindOf(listed));
  const fd = yield* openSteps(calls, path, reached);
  if (fd === undefined) return undefined;
  try {
    const before = (yield calls.fstat(fd)) as fs.BigIntStats;
    if (!isSameInode(before, listed)) {
      if (options.listed) throw new MovedFileError(path);
      return undefined;
    }
    if (!before.isFile()) throw new NotRegularFileError(path, kindOf(before));
    const read = yield* readSteps(calls, fd, before, options);
    const after = (yield calls.fstat(fd)) as fs.BigIntStats;
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
    const now = (yield calls.lstat(reached)) as fs.BigIntStats;
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
    if (bytes > size && !isSameStat(before, (yield calls.fstat(fd)) as fs.BigIntStats)) {
      return { digest: undefined, bytes };
    }
    options.signal?.throwIfAborted();
    count = (yield calls.read(fd, buffer)) as number;
  }
  return { digest: hasher.digest('hex'), bytes };
}

function isStats(listed: object): listed is fs.BigIntStats {
  return 'isFile' in listed;
}

/** Returns what kind of thing, other than a regular file, a stat describes; for a message. */
export function kindOf(stat: fs.BigIntStats): string {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symbolic link';
  if (stat.isFIFO()) return 'FIFO';
  if (stat.isSocket()) return 'socket';
  return 'device';
}

// Below a root.

/** A file below a root, and the directory that is held open to reach it. */
export interface FileBelow {
  /** Its native path, for messages. */
  readonly native: string | Uint8Array;
  /** The path to give to the system; undefined where no directory can be held. */
  readonly through: string | Uint8Array | undefined;
  readonly close: () => void;
}

/**
 * Reaches a file below a root, each directory opened in the one above it, so that no link on the way is followed, whatever
 * is swapped. Where the system cannot hold a directory, the path has to do.
 */
export function reachBelow(calls: FileCalls, root: string, path: string): FileBelow {
  const native = toNativePath(root, path);
  const slash = path.lastIndexOf('/');
  let held: HeldDirectory | undefined;
  try {
    const { hold } = calls;
    held = hold && holdBelow(root, path.slice(0, Math.max(slash, 0)), { hold });
  } catch (error) {
    throw namingPath(error, native);
  }
  const through = held && pathInDirectory(held.path, path.slice(slash + 1));
  return { native, through, close: () => held?.close() };
}

/** Hashes a file below a root as `hashFile` does, and follows no link on the way there. */
export async function hashBelow(
  calls: FileCalls,
  root: string,
  path: string,
  options: HashOptions = {},
): Promise<HashedFile> {
  const { native, through, close } = reachBelow(calls, root, path);
  try {
    return await hashFileWith(calls, native, { ...options, through });
  } catch (error) {
    throw namingPath(error, native);
  } finally {
    close();
  }
}

/** Makes an error of the system name the file's own path, and not the descriptor that it was reached by. */
export function namingPath(error: unknown, native: string | Uint8Array): unknown {
  const system = error as NodeJS.ErrnoException;
  const { path } = system;
  if (system.syscall === undefined || path === undefined) return error;
  const own = typeof native === 'string' ? native : Buffer.from(native).toString();
  system.message = system.message.replace(`'${path}'`, () => `'${own}'`);
  system.path = own;
  return system;
}

// System calls.

/** A value now, or a promise of it: what tells the synchronous calls from the asynchronous ones. */
export type Awaitable<T> = T | Promise<T>;

/** The system calls that hash one file; tests put their own between any two of them. */
export interface FileCalls {
  lstat(path: string | Uint8Array): Awaitable<fs.BigIntStats>;
  open(path: string | Uint8Array, flags: number): Awaitable<number>;
  fstat(fd: number): Awaitable<fs.BigIntStats>;
  /** Reads at the descriptor's position into the buffer; returns the number of bytes, 0 at the end. */
  read(fd: number, buffer: Uint8Array): Awaitable<number>;
  close(fd: number): Awaitable<void>;
  /** Holds a directory open while files in it are hashed. Default: each call reaches them by their paths. */
  readonly hold?: HoldDirectory;
}

const BIGINT = { bigint: true } as const;

// Node's path type asks for Buffer where its code takes any Uint8Array.
type NodePath = string | Buffer;

/** Calls that block; for worker threads, where they cost a third of the others. */
export const syncCalls: FileCalls = {
  lstat: (path) => fs.lstatSync(path as NodePath, BIGINT),
  open: (path, flags) => fs.openSync(path as NodePath, flags),
  fstat: (fd) => fs.fstatSync(fd, BIGINT),
  read: (fd, buffer) => fs.readSync(fd, buffer, 0, buffer.length, null),
  close: (fd) => {
    fs.closeSync(fd);
  },
  hold: holdDirectory,
};

function promised<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

/** Calls that leave the event loop free. */
export const asyncCalls: FileCalls = {
  lstat: (path) =>
    promised((done) => {
      fs.lstat(path as NodePath, BIGINT, done);
    }),
  open: (path, flags) =>
    promised((done) => {
      fs.open(path as NodePath, flags, done);
    }),
  fstat: (fd) =>
    promised((done) => {
      fs.fstat(fd, BIGINT, done);
    }),
  read: (fd, buffer) =>
    promised((done) => {
      fs.read(fd, buffer, 0, buffer.length, null, done);
    }),
  close: (fd) =>
    promised<undefined>((done) => {
      fs.close(fd, (error) => {
        done(error ?? null, undefined);
      });
    }),
  hold: holdDirectory,
};

// Errors.

/** Returns a path in quotes for a message, with control characters and undecodable bytes escaped. */
export function quotePath(path: string | Uint8Array): string {
  return JSON.stringify(typeof path === 'string' ? path : treePathFromBytes(path));
}

/** A file kept changing while it was read, so no object id is true of it. */
export class TornFileError extends Error {
  override readonly name = 'TornFileError';
  readonly code = 'ETORN';
  readonly path: string | Uint8Array;

  constructor(path: string | Uint8Array, tries: number) {
    super(`Cannot hash ${quotePath(path)}: it changed each of the ${tries} times it was read`);
    this.path = path;
  }
}

/** A path leads to something that has no content to hash: a directory, a symbolic link, a FIFO, a socket, a device. */
export class NotRegularFileError extends Error {
  override readonly name = 'NotRegularFileError';
  readonly code = 'ENOTREG';
  readonly path: string | Uint8Array;

  constructor(path: string | Uint8Array, kind: string) {
    super(`Cannot hash ${quotePath(path)}: it is a ${kind}, not a regular file`);
    this.path = path;
  }
}

/** A path no longer leads to the inode that was listed under it; list its directory again. */
export class MovedFileError extends Error {
  override readonly name = 'MovedFileError';
  readonly code = 'EMOVED';
  readonly path: string | Uint8Array;

  constructor(path: string | Uint8Array) {
    super(`Cannot hash ${quotePath(path)}: another file has taken its place since it was listed`);
    this.path = path;
  }
}

/** Returns the object id of these bytes: `sha256:` and the SHA-256 digest in lower-case hex. */
export function blobId(bytes: Uint8Array): ObjectId {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}
