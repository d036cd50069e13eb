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
  type NativeRoot,
  type ThreadPool,
} from '@muse/walker/scan';
import { HashReplyWriter, isOfTooLarge, ROW_WORDS } from './reply.js';

/** A file to hash, with the identity that was listed. */
export interface FileToHash {
  readonly directory: ListedDirectory;
  readonly name: string;
  readonly dev: bigint;
  readonly ino: bigint;
  /** Bytes, when it was listed. */
  readonly size: number;
}

/** Hashes files. Its callers read its replies, and do not know which engine wrote them. */
export interface HashEngine {
  /** Prepares for these files. */
  prepare(files: readonly { readonly size: number }[]): Promise<void> | void;
  /** The number of batches to run at once. */
  readonly capacity: number;
  /** The most files a batch should have: none of them is recorded before the whole batch is hashed. */
  readonly batchFiles: number;
  /**
   * Reads each file of a batch once and returns the reply: a row for each, in their order. Rejects with the reason of
   * `signal`, or when the engine fails.
   */
  hash(batch: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array>;
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

  prepare(files: readonly unknown[]): void {
    this.#turnEnds = performance.now() + TURN_MS;
    const { pool } = this.#options;
    if (!pool || pool.unavailable) return;
    pool.startFor('filesToHash', files.length);
    this.#usesPool = pool.started;
  }

  get capacity(): number {
    return (this.#usesPool ? this.#options.pool?.capacity : undefined) ?? LANES;
  }

  get batchFiles(): number {
    return this.#usesPool ? FILES_A_TASK : FILES_A_LANE;
  }

  async hash(batch: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array> {
    const { pool } = this.#options;
    if (pool && this.#usesPool && !pool.unavailable) {
      try {
        return await pool.run<Int32Array>(this.#taskOf(batch));
      } catch (error) {
        if (!(error instanceof ThreadsUnavailableError)) throw error;
      }
    }
    return this.#here(batch, signal);
  }

  /** Reads on this thread: by promises as soon as blocking calls turn out to wait. */
  async #here(batch: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array> {
    const { root, calls, saving } = this.#options;
    const reply = new HashReplyWriter(batch.length);
    const buffer = this.#buffers.pop() ?? makeReadBuffer();
    const reader = new DirectoryReader(calls ?? asyncCalls, root, buffer);
    try {
      for (const file of batch) {
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

  #taskOf(batch: readonly FileToHash[]): HashTask {
    const directories: (ListedDirectory & { count: number })[] = [];
    const identities = new BigInt64Array(batch.length * 2);
    let last: ListedDirectory | undefined;
    for (const [i, { directory, dev, ino }] of batch.entries()) {
      identities[i * 2] = dev;
      identities[i * 2 + 1] = ino;
      if (directory !== last) directories.push({ ...identityOf(directory), count: 0 });
      const current = directories.at(-1);
      if (current) current.count++;
      last = directory;
    }
    const names = batch.map(({ name }) => name).join('\0');
    return { kind: 'hash', root: this.#options.root, directories, names, identities };
  }
}

/** Ends a blocking read that holds the event loop for long. */
const TAKES_LONG = new Error('Broken hash: a blocking read that takes long was not read on');

function identityOf({ path, dev, ino, base }: ListedDirectory): ListedDirectory {
  return { path, dev, ino, base };
}

/** Files of one call: some 2 ms of work. */
const FILES_A_CALL = 128;
/** From this size on a file is left to the other engine, whose reads an abort ends: a call cannot be ended. 32 MiB. */
const LARGE_FILE = 32 * 1024 * 1024;

/** Hashes in short calls on Node's own pool. */
export class NativeHashEngine implements HashEngine {
  readonly #root: NativeRoot;
  readonly #other: HashEngine;
  /** Asked once: it hashes a file to know. */
  #asked: Promise<boolean> | undefined;
  #canHash = true;

  /** @param other - hashes what would be more than a short call, and everything where this Node gives out no SHA-256. */
  constructor(root: NativeRoot, other: HashEngine) {
    this.#root = root;
    this.#other = other;
  }

  async prepare(files: readonly { readonly size: number }[]): Promise<void> {
    this.#canHash = await (this.#asked ??= this.#root.native.canHash());
    await this.#other.prepare(this.#canHash ? files.filter(isLarge) : files);
  }

  get capacity(): number {
    return this.#canHash ? this.#root.calls : this.#other.capacity;
  }

  get batchFiles(): number {
    return this.#canHash ? FILES_A_CALL : this.#other.batchFiles;
  }

  async hash(batch: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array> {
    if (!this.#canHash || batch.some(isLarge)) return this.#other.hash(batch, signal);
    const reply = new Int32Array(new SharedArrayBuffer(batch.length * ROW_WORDS * 4));
    for (let done = 0; done < batch.length;) {
      signal?.throwIfAborted();
      const answered = await this.#call(batch, done, reply);
      if (answered === 0) throw new RangeError('Broken hash reply: there is no row');
      done += answered;
    }
    const rows = reply.slice();
    for (const [i, file] of batch.entries()) {
      const row = rows.subarray(i * ROW_WORDS, (i + 1) * ROW_WORDS);
      // It has grown since it was listed, or its size lies.
      if (isOfTooLarge(row)) row.set(await this.#other.hash([file], signal));
    }
    return rows;
  }

  /** Asks for the files from one on whose directories are reached from the same base; resolves with how many were answered. */
  #call(batch: readonly FileToHash[], from: number, reply: Int32Array): Promise<number> {
    const { native, packHashRequest, descriptor } = this.#root;
    const base = batch[from]?.directory.base;
    const directories: { directory: FileToHash['directory']; files: FileToHash[] }[] = [];
    for (const file of batch.slice(from)) {
      if (file.directory.base !== base) break;
      const last = directories.at(-1);
      if (last?.directory === file.directory) last.files.push(file);
      else directories.push({ directory: file.directory, files: [file] });
    }
    const request = packHashRequest(
      directories.map(({ directory: { path, dev, ino }, files }) => ({
        dev,
        ino,
        path: treePathToBytes(base ? path.slice(base.length) : path),
        files: files.map((file) => ({ dev: file.dev, ino: file.ino, name: treePathToBytes(file.name) })),
      })),
    );
    return native.hash({
      root: base?.descriptor ?? descriptor,
      // However many of its files have grown, a call stays short.
      largest: Math.max(Math.ceil(LARGE_FILE / batch.length), ...batch.map(({ size }) => size)),
      request,
      reply: new Uint8Array(reply.buffer, from * ROW_WORDS * 4),
    });
  }
}

function isLarge({ size }: { readonly size: number }): boolean {
  return size >= LARGE_FILE;
}
