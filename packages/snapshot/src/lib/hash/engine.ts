import { setImmediate as nextTurn } from 'node:timers/promises';
import { type HeldDirectory, pathInDirectory } from '@muse/paths';
import {
  asyncCalls,
  type FileCalls,
  MovedFileError,
  NotRegularFileError,
  readListedFile,
  readListedFileSync,
  syncCalls,
} from '@muse/stat-cache';
import {
  errnoOf,
  isMoved,
  type ListedDirectory,
  nativePathOf,
  SLOW_TURN_MS,
  type ThreadPool,
  ThreadsUnavailableError,
} from '@muse/walker/scan';
import { HashReplyWriter } from './reply.js';

/** A file to hash, with the identity that it was listed with. */
export interface FileToHash {
  readonly directory: ListedDirectory;
  readonly name: string;
  readonly dev: bigint;
  readonly ino: bigint;
  /** Bytes, when it was listed. */
  readonly size: number;
}

/** Hashes files, whatever it is written in. All that is above it reads its replies, and does not know which it is. */
export interface HashEngine {
  /** Gets ready for so many files. */
  prepare(files: number): void;
  /** The number of batches to have under way at once. */
  readonly capacity: number;
  /** The most files that a batch should have: what is hashed is only recorded once all of its batch is. */
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
  /** The directories that the files are in, one after the other, with how many of them are in each. */
  readonly directories: readonly (ListedDirectory & { readonly count: number })[];
  /** The names of the files, joined by NUL. */
  readonly names: string;
  /** Device and inode of each file. */
  readonly identities: BigInt64Array;
}

/** Enough for nine of ten files in one read, and small enough to stay in a core's cache. */
const BUFFER_BYTES = 256 * 1024;

/** Returns memory that files are read into, one after the other. */
export function makeReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/**
 * Hashes the files of a task one after the other, read into `buffer`, and returns the reply. Throws what `signal` throws
 * between two reads.
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
 * Reads files of listed directories, whatever is swapped: where the system can do that, it holds the directory of the last
 * file open, and reads nothing of another directory than was listed.
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

  /** Reads a file with calls that block, and adds a row for it. */
  readSync(file: Listed, reply: HashReplyWriter, signal: { throwIfAborted(): void }): void {
    try {
      const { path, through } = this.#find(file);
      reply.addRead(readListedFileSync(path, { listed: file, through, buffer: this.#buffer, signal }));
    } catch (error) {
      signal.throwIfAborted();
      addFailure(reply, error);
    }
  }

  /** Reads a file without blocking, and adds a row for it. */
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

/** Files up to this size are read by blocking calls, in turns of the event loop: a fifth of what promises of them take. */
const SMALL_FILE = 256 * 1024;
/** Milliseconds that a turn takes at least, unless there is nothing left to do. */
const TURN_MS = 2;
/** Batches that this thread reads at once, where it waits for them. */
const LANES = 4;
const FILES_A_LANE = 8;
/** Some 2 ms of work for a worker. */
const FILES_A_TASK = 64;

/** What a {@link TypeScriptHashEngine} is made with. */
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

/** Hashes few files on this thread, without blocking it for long, and many on a pool's. */
export class TypeScriptHashEngine implements HashEngine {
  readonly #options: TypeScriptHashOptions;
  /** Those that no batch is read into just now. */
  readonly #buffers: Buffer[] = [];
  #usesPool = false;
  #blocks: boolean;
  #turnEnds = 0;

  constructor(options: TypeScriptHashOptions) {
    this.#options = options;
    this.#blocks = options.calls === undefined;
  }

  prepare(files: number): void {
    this.#turnEnds = performance.now() + TURN_MS;
    const { pool } = this.#options;
    if (!pool || pool.unavailable) return;
    pool.startFor('filesToHash', files);
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

  /** Where the system makes it wait, it reads by promises, several batches at once. */
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
        if (this.#blocks && file.size <= SMALL_FILE) {
          const started = performance.now();
          reader.readSync(file, reply, signal ?? NEVER_ABORTED);
          this.#blocks = performance.now() - started < SLOW_TURN_MS;
        } else {
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

const NEVER_ABORTED = { throwIfAborted: () => undefined };

function identityOf({ path, dev, ino, base }: ListedDirectory): ListedDirectory {
  return { path, dev, ino, base };
}
