import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathInDirectory, treePathToBytes, type HeldDirectory } from '@muse/paths';
import {
  asyncCalls,
  MovedFileError,
  NotRegularFileError,
  readListedFile,
  readListedFileSync,
  syncCalls,
  type FileCalls,
} from '@muse/stat-cache';
import {
  errnoOf,
  isMoved,
  nativePathOf,
  SLOW_TURN_MS,
  ThreadsUnavailableError,
  type ListedDirectory,
  type Listing,
  type NativeRoot,
  type ThreadPool,
} from '@muse/walker/scan';
import { HashReplyWriter, rowsOfTooLarge, ROW_WORDS } from './reply.js';

/** A file to hash, with the identity that was listed. */
export interface FileToHash {
  readonly directory: ListedDirectory;
  readonly name: string;
  readonly dev: bigint;
  readonly ino: bigint;
  /** Bytes, when it was listed. */
  readonly size: number;
}

/** A directory with files to be hashed, which are entries of its listing. */
export interface DirectoryToHash {
  readonly node: ListedDirectory;
  readonly listing: Listing;
  /** Returns the word of the listing where the detail of a file begins. */
  detail(entry: number): number;
  /** Returns the offset in the listing where the name of a file begins. */
  nameFrom(entry: number): number;
}

/** Some files of a directory. */
export interface FilesOf<T extends DirectoryToHash> {
  readonly directory: T;
  readonly entries: number[];
}

/** Files to hash in one go. An object for each would take as long as hashing a small file does. */
export class Batch<T extends DirectoryToHash = DirectoryToHash> {
  /** The files of each directory, in order. */
  readonly directories: FilesOf<T>[] = [];
  /** The number of files. */
  length = 0;
  /** The bytes of all files, and of the largest one, when they were listed. */
  bytes = 0;
  largest = 0;

  /** Adds a file of so many bytes. */
  add(directory: T, entry: number, size: number): void {
    const last = this.directories.at(-1);
    if (last?.directory === directory) last.entries.push(entry);
    else this.directories.push({ directory, entries: [entry] });
    this.length++;
    this.bytes += size;
    this.largest = Math.max(this.largest, size);
  }

  /** Yields the files one by one. */
  *files(): Generator<FileToHash, void> {
    for (const { directory, entries } of this.directories) {
      const { node, listing } = directory;
      for (const entry of entries) {
        const detail = directory.detail(entry);
        const { dev, ino } = listing.stat(detail);
        const name = listing.nameAt(directory.nameFrom(entry));
        yield { directory: node, name, dev, ino, size: listing.size(detail) };
      }
    }
  }
}

/** What a round of hashing reads. */
export interface FilesToHash {
  readonly count: number;
  /** Those of at least {@link LARGE_FILE}. */
  readonly large: readonly { readonly size: number }[];
}

/** Files from this size on go first and alone, so that no thread has a large one left at the end: 1 MiB. */
export const LARGE_FILE = 1024 * 1024;

/** Hashes files. Its callers read its replies, and do not know which engine wrote them. */
export interface HashEngine {
  /** Prepares for these files. */
  prepare(files: FilesToHash): Promise<void> | void;
  /** The number of batches to run at once. */
  readonly capacity: number;
  /** The most files and bytes of a batch: none of its files is recorded before all are hashed. */
  readonly most: { readonly files: number; readonly bytes: number };
  /**
   * Reads each file of a batch once and returns the reply: a row for each, in their order. Rejects with the reason of
   * `signal`, or when the engine fails.
   */
  hash(batch: Batch, signal: AbortSignal | undefined): Promise<Int32Array>;
  /** Takes back a reply that was read, whose memory may serve another. */
  release?(reply: Int32Array): void;
}

/** A batch as a message to a worker thread. */
export interface HashTask {
  readonly kind: 'hash';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** The directories of the files, in order, each with the number of its files. */
  readonly directories: readonly (ListedDirectory & { readonly count: number })[];
  /** The names of the files, joined by NUL. */
  readonly names: string;
  /** Device and inode of each file. */
  readonly identities: BigInt64Array;
}

/** Holds nine of ten files in one read, and stays in a core's cache. */
const BUFFER_BYTES = 256 * 1024;

/** Returns a buffer to read files into, one after another. */
export function makeReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/**
 * Hashes the files of a task one after the other, read into `buffer`, and returns the reply. Throws what `signal`
 * throws between two reads.
 */
export function hashBatch(
  task: HashTask,
  buffer: Buffer,
  signal: { throwIfAborted(): void },
): Int32Array<ArrayBuffer> {
  const names = task.names.split('\0');
  const reply = new HashReplyWriter(names.length);
  const reader = new DirectoryReader(syncCalls, task.root, buffer);
  try {
    let index = 0;
    for (const { count, ...directory } of task.directories) {
      for (const end = index + count; index < end; index++) {
        signal.throwIfAborted();
        const name = names[index];
        const [dev, ino] = task.identities.subarray(index * 2, index * 2 + 2);
        if (name === undefined || dev === undefined || ino === undefined) throw new Error('Broken hash task');
        reader.readSync({ directory, name, dev, ino }, reply, signal);
      }
    }
  } finally {
    reader.close();
  }
  return reply.take();
}

type Listed = Omit<FileToHash, 'size'>;

/**
 * Reads files of listed directories, whatever is swapped meanwhile. If the system can, it holds the directory of the
 * last file open, so that nothing is read from any other directory than was listed.
 */
class DirectoryReader {
  readonly #calls: FileCalls;
  readonly #root: string;
  readonly #buffer: Buffer;
  #current: string | undefined;
  #native: string | Buffer = '';
  #held: HeldDirectory | undefined;

  constructor(calls: FileCalls, root: string, buffer: Buffer) {
    this.#calls = calls;
    this.#root = root;
    this.#buffer = buffer;
  }

  /** Reads a file by blocking calls, and adds its row. */
  readSync(file: Listed, reply: HashReplyWriter, signal: { throwIfAborted(): void }): void {
    try {
      const { path, through } = this.#find(file);
      reply.addRead(readListedFileSync(path, { listed: file, through, buffer: this.#buffer, signal }));
    } catch (error) {
      signal.throwIfAborted();
      addFailure(reply, error);
    }
  }

  /** Reads a file without blocking, and adds its row. */
  async read(
    file: Listed,
    reply: HashReplyWriter,
    signal: { throwIfAborted(): void } | undefined,
  ): Promise<void> {
    try {
      const { path, through } = this.#find(file);
      const options = { listed: file, through, buffer: this.#buffer, signal };
      reply.addRead(await readListedFile(this.#calls, path, options));
    } catch (error) {
      signal?.throwIfAborted();
      addFailure(reply, error);
    }
  }

  close(): void {
    this.#held?.close();
    this.#held = undefined;
    this.#current = undefined;
  }

  #find({ directory, name }: Listed): { path: string | Buffer; through: string | Buffer | undefined } {
    if (this.#current !== directory.path) {
      this.close();
      this.#native = nativePathOf(this.#root, directory);
      this.#held = this.#calls.hold?.(this.#native);
      if (this.#held?.is(directory) === false) throw new MovedFileError(this.#native);
      this.#current = directory.path;
    }
    const through = this.#held && pathInDirectory(this.#held.path, name);
    return { path: pathInDirectory(this.#native, name), through };
  }
}

function addFailure(reply: HashReplyWriter, error: unknown): void {
  if (error instanceof MovedFileError || isMoved(error)) reply.addFailed('moved');
  else if (error instanceof NotRegularFileError) reply.addFailed('special');
  else reply.addFailed(operationOf(error), errnoOf(error));
}

function operationOf(error: unknown): 'open' | 'fstat' | 'read' {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === 'open' || syscall === 'fstat' ? syscall : 'read';
}

/** Files up to this size are read by blocking calls between turns of the event loop: five times as fast as promises. */
const SMALL_FILE = 256 * 1024;
/** Milliseconds of work between two turns of the event loop. */
const TURN_MS = 2;
/** Batches that this thread reads at once while it waits for the disk. */
const LANES = 4;
const FILES_A_LANE = 8;
/** Some 2 ms of work for a worker. */
const FILES_A_TASK = 64;
const BYTES_A_TASK = 2 * 1024 * 1024;

/** Options of a {@link TypeScriptHashEngine}. */
export interface TypeScriptHashOptions {
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** Without a pool everything is hashed on this thread. */
  readonly pool: ThreadPool | undefined;
  /** The calls of this thread. Default: the system's. */
  readonly calls: FileCalls | undefined;
  /**
   * Resolves once no temporary file exists. While there is one this thread makes no call that may block: a program that
   * is to remove it on a signal has to hear of that signal.
   */
  readonly saving: (() => Promise<unknown> | undefined) | undefined;
}

/** Hashes few files on this thread, without blocking it for long, and many on the threads of a pool. */
export class TypeScriptHashEngine implements HashEngine {
  readonly #options: TypeScriptHashOptions;
  /** The buffers that no batch uses now. */
  readonly #buffers: Buffer[] = [];
  #usesPool = false;
  #blocks: boolean;
  #turnEnds = 0;

  constructor(options: TypeScriptHashOptions) {
    this.#options = options;
    this.#blocks = options.calls === undefined;
  }

  prepare({ count }: FilesToHash): void {
    this.#turnEnds = performance.now() + TURN_MS;
    const { pool } = this.#options;
    if (!pool || pool.unavailable) return;
    pool.startFor('filesToHash', count);
    this.#usesPool = pool.started;
  }

  get capacity(): number {
    return (this.#usesPool ? this.#options.pool?.capacity : undefined) ?? LANES;
  }

  get most(): HashEngine['most'] {
    return { files: this.#usesPool ? FILES_A_TASK : FILES_A_LANE, bytes: BYTES_A_TASK };
  }

  hash(batch: Batch, signal: AbortSignal | undefined): Promise<Int32Array> {
    return this.hashFiles([...batch.files()], signal);
  }

  async hashFiles(files: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array> {
    const { pool } = this.#options;
    if (pool && this.#usesPool && !pool.unavailable) {
      try {
        return await pool.run<Int32Array>(this.#taskOf(files));
      } catch (error) {
        if (!(error instanceof ThreadsUnavailableError)) throw error;
      }
    }
    return this.#here(files, signal);
  }

  /** Reads on this thread: by promises as soon as blocking calls turn out to wait. */
  async #here(files: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array> {
    const { root, calls, saving } = this.#options;
    const reply = new HashReplyWriter(files.length);
    const buffer = this.#buffers.pop() ?? makeReadBuffer();
    const reader = new DirectoryReader(calls ?? asyncCalls, root, buffer);
    try {
      for (const file of files) {
        signal?.throwIfAborted();
        const save = saving?.();
        if (save) await save;
        if (!this.#blocks || file.size > SMALL_FILE || !this.#readBlocking(reader, file, reply)) {
          await reader.read(file, reply, signal);
        }
        if (performance.now() < this.#turnEnds) continue;
        await nextTurn();
        this.#turnEnds = performance.now() + TURN_MS;
      }
    } finally {
      reader.close();
      this.#buffers.push(buffer);
    }
    return reply.take();
  }

  /** Returns false where that takes too long, since the disk is slow or there is more than the file's size said. */
  #readBlocking(reader: DirectoryReader, file: FileToHash, reply: HashReplyWriter): boolean {
    const end = performance.now() + SLOW_TURN_MS;
    const isSlow = () => performance.now() >= end;
    try {
      reader.readSync(file, reply, {
        throwIfAborted: () => {
          if (isSlow()) throw TAKES_LONG;
        },
      });
    } catch (error) {
      if (error !== TAKES_LONG) throw error;
      this.#blocks = false;
      return false;
    }
    this.#blocks = !isSlow();
    return true;
  }

  #taskOf(files: readonly FileToHash[]): HashTask {
    const directories: (ListedDirectory & { count: number })[] = [];
    const identities = new BigInt64Array(files.length * 2);
    let last: ListedDirectory | undefined;
    for (const [i, { directory, dev, ino }] of files.entries()) {
      identities[i * 2] = dev;
      identities[i * 2 + 1] = ino;
      if (directory !== last) directories.push({ ...identityOf(directory), count: 0 });
      const current = directories.at(-1);
      if (current) current.count++;
      last = directory;
    }
    const names = files.map(({ name }) => name).join('\0');
    return { kind: 'hash', root: this.#options.root, directories, names, identities };
  }
}

/** Ends a blocking read that holds the event loop for long. */
const TAKES_LONG = new Error('Broken hash: a blocking read that takes long was not read on');

function identityOf({ path, dev, ino, base }: ListedDirectory): ListedDirectory {
  return { path, dev, ino, base };
}

/** The most files and bytes of one call: some 2 ms of work each, where SHA-256 has instructions of its own. */
const MOST_OF_A_CALL = { files: 320, bytes: 3 * 1024 * 1024 };
/** From this size on a file is left to the other engine, whose reads an abort ends: a call cannot be ended. 32 MiB. */
const TOO_LARGE = 32 * 1024 * 1024;

/** A place in a batch: a directory, and the first of its files. */
interface Position {
  readonly directory: number;
  readonly file: number;
}

/** Hashes in short calls on Node's own pool. */
export class NativeHashEngine implements HashEngine {
  readonly #root: NativeRoot;
  readonly #other: TypeScriptHashEngine;
  /** Memory for requests that no call is under way with, and for replies that nobody reads. */
  readonly #requests: InstanceType<NativeRoot['HashRequest']>[] = [];
  readonly #replies: Int32Array[] = [];
  #canHash = true;

  /** @param other - hashes what would be more than a short call, and whatever this engine cannot. */
  constructor(root: NativeRoot, other: TypeScriptHashEngine) {
    this.#root = root;
    this.#other = other;
  }

  async prepare(files: FilesToHash): Promise<void> {
    this.#canHash = await this.#root.native.canHash();
    const large = files.large.filter(({ size }) => size >= TOO_LARGE);
    this.#other.prepare(this.#canHash ? { count: large.length, large } : files);
  }

  get capacity(): number {
    return this.#canHash ? this.#root.callsToQueue : this.#other.capacity;
  }

  get most(): HashEngine['most'] {
    return this.#canHash ? MOST_OF_A_CALL : this.#other.most;
  }

  async hash(batch: Batch, signal: AbortSignal | undefined): Promise<Int32Array> {
    if (!this.#canHash || batch.largest >= TOO_LARGE) return this.#other.hash(batch, signal);
    const reply = this.#replies.pop() ?? newReply();
    try {
      for (let at: Position = { directory: 0, file: 0 }; at.file < batch.length;) {
        signal?.throwIfAborted();
        at = await this.#call(batch, at, reply);
      }
    } catch (error) {
      this.release(reply);
      // Out of memory: another engine may need less.
      if ((error as { readonly errno?: number }).errno === undefined) throw error;
      return this.#other.hash(batch, signal);
    }
    const tooLarge = rowsOfTooLarge(reply, batch.length);
    if (tooLarge.length > 0) {
      const files = [...batch.files()];
      for (const row of tooLarge)
        reply.set(await this.#other.hashFiles(files.slice(row, row + 1), signal), row * ROW_WORDS);
    }
    return reply;
  }

  release(reply: Int32Array): void {
    if (reply.buffer instanceof SharedArrayBuffer) this.#replies.push(reply);
  }

  /** Asks for the files whose directories are reached from the same base, and resolves with what comes after them. */
  async #call(
    batch: Batch,
    { directory: first, file: from }: Position,
    reply: Int32Array,
  ): Promise<Position> {
    const { native, descriptor, HashRequest } = this.#root;
    const request = this.#requests.pop() ?? new HashRequest();
    request.clear();
    const base = batch.directories[first]?.directory.node.base;
    let directory = first;
    let file = from;
    for (const { directory: its, entries } of batch.directories.slice(first)) {
      const { node, listing } = its;
      if (node.base !== base) break;
      const path = base ? node.path.slice(base.length) : node.path;
      request.addDirectory(node.dev, node.ino, treePathToBytes(path), entries.length);
      for (const entry of entries) {
        const name = its.nameFrom(entry);
        request.addFile(listing.words, its.detail(entry), listing.bytes, name, listing.nameEnd(name));
      }
      directory++;
      file += entries.length;
    }
    const answered = await native.hash({
      root: base?.descriptor ?? descriptor,
      // However many of its files have grown, a call stays short.
      largest: Math.max(Math.ceil(TOO_LARGE / batch.length), batch.largest),
      request: request.bytes,
      reply: new Uint8Array(reply.buffer, from * ROW_WORDS * 4),
    });
    this.#requests.push(request);
    if (answered !== file - from) throw new RangeError('Broken hash reply: a file has no row');
    return { directory, file };
  }
}

function newReply(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(MOST_OF_A_CALL.files * ROW_WORDS * 4));
}
