import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareTreePaths, openLongPath } from '@muse/paths';
import { SLOW_TURN_MS, ThreadsUnavailableError, type ThreadPool } from '../pool/thread-pool.js';
import { errnoOf, isMoved } from '../problems.js';
import { RESERVED_NAMES } from '../types.js';
import {
  mayBeEscaped,
  nativePathOf,
  OpenedDirectory,
  systemCalls,
  type ListedDirectory,
  type ScanCalls,
} from './open-directory.js';
import {
  itemOf,
  DIRECTORY,
  FAILED,
  listingsIn,
  NEW,
  ReplyWriter,
  SKIPPED_BY_ENGINE,
  type Details,
  type Join,
  type LineRange,
  type Listed,
  type ScanOperation,
} from './reply.js';

/** A directory to list, with its slice of the stored lines. */
export interface DirectoryToScan extends ListedDirectory {
  readonly slice: LineRange;
}

/** Options of one call of an engine. */
export interface ScanCall {
  readonly signal?: AbortSignal | undefined;
  readonly large?: boolean | undefined;
  /** Whether the reply is to have the stats of hits, too. Default: false. */
  readonly allDetails?: boolean | undefined;
  /** An inotify descriptor, by which an engine that can watches each directory before it lists it. Default: none. */
  readonly inotify?: number | undefined;
}

/** Lists directories, whatever it is written in. All that is above it reads its replies, and does not know which it is. */
export interface ScanEngine {
  /** The number of batches to have under way at once. */
  readonly capacity: number;
  /** Returns how many directories the next batch should have at most, where this many wait. */
  batchSize(waiting: number): number;
  /**
   * Returns the reply for a batch: a record for each directory, in their order. A directory may be `too-large` for this
   * thread; it is then given again, alone and as `large`. Rejects with the reason of `signal`, or when the engine fails.
   */
  scan(directories: readonly DirectoryToScan[], options: ScanCall): Promise<Uint8Array>;
}

/** Names that one directory may have to be listed on this thread, so that no turn of its event loop takes long. */
const MAX_NAMES_HERE = 500;
const DIRECTORIES_A_TURN = 8;
/** Directories of one batch for a worker: some 2 ms of work. */
const DIRECTORIES_A_BATCH = 32;

/** Options of a {@link TypeScriptScanEngine}. */
export interface TypeScriptScanOptions extends Pick<ScanOptions, 'join'> {
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  /** Without a pool everything is listed on this thread. */
  readonly pool?: ThreadPool | undefined;
  /** The calls of this thread. Default: the quickest. */
  readonly calls?: ScanCalls | undefined;
  /** Data for the join of the pool's script, which has no `join` of this thread. */
  readonly data?: unknown;
}

/**
 * Lists on this thread while the tree is small or the workers are starting, and from then on on all of them, this thread
 * included, turn by turn of its event loop. Where a disk makes this thread wait, it leaves the work to the others.
 */
export class TypeScriptScanEngine implements ScanEngine {
  readonly #options: TypeScriptScanOptions;
  readonly #pool: ThreadPool | undefined;
  #entries = 0;
  #inPool = 0;
  #isSlow = false;

  constructor(options: TypeScriptScanOptions) {
    this.#options = options;
    this.#pool = options.pool;
  }

  get capacity(): number {
    if (!this.#pool?.online) return 1;
    return this.#pool.capacity + (this.#isSlow ? 0 : 1);
  }

  batchSize(waiting: number): number {
    if (!this.#pool?.online) return DIRECTORIES_A_TURN;
    const share = Math.ceil(waiting / (2 * this.capacity));
    return Math.min(this.#hasRoom ? DIRECTORIES_A_BATCH : DIRECTORIES_A_TURN, share);
  }

  async scan(
    directories: readonly DirectoryToScan[],
    { signal, large = false, allDetails = false }: ScanCall,
  ): Promise<Uint8Array> {
    const { root, data } = this.#options;
    const pool = this.#usablePool;
    if (pool && (large || this.#hasRoom)) {
      const plain = directories.map(({ path, dev, ino, slice, base }) => ({ path, dev, ino, slice, base }));
      try {
        return await this.#inWorker(pool, { kind: 'scan', root, directories: plain, data, allDetails });
      } catch (error) {
        if (!(error instanceof ThreadsUnavailableError)) throw error;
      }
    }
    const reply = this.#here(directories, allDetails, signal);
    await nextTurn();
    return reply;
  }

  #here(
    directories: readonly DirectoryToScan[],
    allDetails: boolean,
    signal: AbortSignal | undefined,
  ): Uint8Array {
    const { root, join, calls = systemCalls } = this.#options;
    const pool = this.#usablePool;
    const started = performance.now();
    const maxNames = pool ? MAX_NAMES_HERE : Infinity;
    const reply = scanBatch(calls, { root, directories, allDetails }, { signal, join, maxNames });
    this.#entries += entriesIn(reply);
    if (pool && performance.now() - started > SLOW_TURN_MS) {
      this.#isSlow = true;
      pool.start();
    } else {
      pool?.startFor('listedEntries', this.#entries);
    }
    return reply;
  }

  get #usablePool(): ThreadPool | undefined {
    return this.#pool?.unavailable ? undefined : this.#pool;
  }

  get #hasRoom(): boolean {
    const pool = this.#pool;
    return pool?.online === true && (this.#isSlow || this.#inPool < pool.capacity);
  }

  async #inWorker(pool: ThreadPool, task: ScanTask): Promise<Uint8Array> {
    this.#inPool++;
    try {
      return await pool.run<Uint8Array>(task);
    } finally {
      this.#inPool--;
    }
  }
}

function entriesIn(reply: Uint8Array): number {
  let entries = 0;
  for (const { length } of listingsIn(reply)) entries += length;
  return entries;
}

/** A batch as a message to a worker thread. */
export interface ScanTask {
  readonly kind: 'scan';
  /** The root's native path; may hold escaped bytes. */
  readonly root: string;
  readonly directories: readonly DirectoryToScan[];
  /** Data for the join of the worker's script: small, or shared memory. */
  readonly data: unknown;
  /** Whether the reply is to have the stats of hits, too. Default: false. */
  readonly allDetails?: boolean | undefined;
}

/** Options of a batch. */
export interface ScanOptions {
  /** Lists no directory with more names. Default: any. */
  readonly maxNames?: number | undefined;
  /** Joins its entries with stored lines. Default: each file is new. */
  readonly join?: ((directory: DirectoryToScan) => Join) | undefined;
  /** Ends a batch between two directories. */
  readonly signal?: Pick<AbortSignal, 'throwIfAborted'> | undefined;
}

/** Lists the directories of a batch one after the other and returns the reply. Throws what `signal` throws between two. */
export function scanBatch(
  calls: ScanCalls,
  { root, directories, allDetails }: Pick<ScanTask, 'root' | 'directories' | 'allDetails'>,
  options: ScanOptions = {},
): Uint8Array<ArrayBuffer> {
  const reply = new ReplyWriter();
  for (const directory of directories) {
    options.signal?.throwIfAborted();
    scanDirectory(calls, root, directory, reply, { ...options, allDetails });
  }
  return reply.take();
}

/** A slash and the longest name there is. */
const ROOM_FOR_A_NAME = 256;

/**
 * Lists one directory: its names, a stat of each, and its own identity before and after, which tells whether its path
 * leads to the directory that was listed under it. Opens nothing but the directory.
 */
export function scanDirectory(
  calls: ScanCalls,
  root: string,
  directory: DirectoryToScan,
  reply: ReplyWriter,
  { maxNames = Infinity, join, allDetails }: ScanOptions & Pick<ScanTask, 'allDetails'> = {},
): void {
  let operation: ScanOperation = 'readdir';
  try {
    const reached = openLongPath(nativePathOf(root, directory), ROOM_FOR_A_NAME);
    try {
      const opened = new OpenedDirectory(calls, reached.path);
      try {
        if (!opened.is(directory)) {
          reply.addUnlisted('moved');
          return;
        }
        const names = opened.names();
        if (names.length > maxNames) {
          reply.addUnlisted('too-large');
          return;
        }
        const entries = new Entries(reply.memory);
        entries.list(opened, names);
        operation = 'lstat';
        if (opened.isStill(directory)) {
          reply.addListed(entries, { join: join?.(directory), allDetails });
        } else {
          reply.addUnlisted('moved');
        }
      } finally {
        opened.close();
      }
    } finally {
      reached.close();
    }
  } catch (error) {
    reply.addUnlisted(isMoved(error) ? 'moved' : 'failed', errnoOf(error), operation);
  }
}

/** The entries of one directory while they are listed. */
class Entries implements Listed {
  readonly names: string[] = [];
  readonly kinds: number[] = [];
  order: readonly number[] | undefined;
  hasLinkedFile = false;
  readonly skipped = SKIPPED_BY_ENGINE.map(() => 0);
  readonly #details: Details;
  /** The error numbers of entries that could not be statted, by name. */
  readonly #failures = new Map<string, number>();

  /** @param memory - takes their details; used again from directory to directory. */
  constructor(memory: Details) {
    memory.truncate(0);
    this.#details = memory;
  }

  get details(): Int32Array {
    return this.#details.words;
  }

  list(opened: OpenedDirectory, names: readonly string[]): void {
    const missing = this.#addAll(opened, names);
    if (missing.length > 0) {
      // Names that answered "no entry" are gone, unless the directory still lists them.
      const again = new Set(opened.names());
      for (const name of missing) if (again.has(name)) this.#tryAgain(opened, name);
    }
    if (this.#failures.size > 0) this.#addFailures(opened.directories());
    this.hasLinkedFile = opened.hasLinkedFile;
    this.order = this.#pathOrder();
  }

  /** Returns the names for which there was no entry. */
  #addAll(opened: OpenedDirectory, names: readonly string[]): string[] {
    const missing: string[] = [];
    let previous: string | undefined;
    for (const name of names) {
      // A name that is removed and made again while the system lists may come twice.
      if (name === previous) continue;
      previous = name;
      if (RESERVED_NAMES.includes(name)) {
        this.#skip('reserved');
        continue;
      }
      try {
        if (!this.#add(opened, name)) missing.push(name);
      } catch (error) {
        if (isMoved(error)) missing.push(name);
        else this.#fail(name, errnoOf(error));
      }
    }
    return missing;
  }

  /** An entry that its directory still lists is a problem where it cannot be statted, whatever the reason. */
  #tryAgain(opened: OpenedDirectory, name: string): void {
    try {
      if (!this.#add(opened, name)) this.#fail(name, ENOENT);
    } catch (error) {
      this.#fail(name, errnoOf(error));
    }
  }

  /** Returns false where there is no such entry. */
  #add(opened: OpenedDirectory, name: string): boolean {
    const kind = opened.stat(name, this.#details);
    if (kind === undefined) return false;
    if (kind === 'file' || kind === 'directory') {
      this.names.push(name);
      this.kinds.push(kind === 'file' ? NEW : DIRECTORY);
    } else {
      this.#details.truncate(this.names.length);
      this.#skip(kind);
    }
    return true;
  }

  #fail(name: string, errno: number): void {
    this.#failures.set(name, errno);
  }

  /** Adds the entries that could not be statted, with the types that the directory itself gives them. */
  #addFailures(areDirectories: ReadonlyMap<string, boolean> | undefined): void {
    for (const [name, errno] of this.#failures) {
      const isDirectory = areDirectories?.get(name);
      this.#details.addFailure(errno, isDirectory === undefined ? DT_UNKNOWN : isDirectory ? DT_DIR : DT_REG);
      this.names.push(name);
      this.kinds.push(FAILED);
    }
  }

  #skip(kind: (typeof SKIPPED_BY_ENGINE)[number]): void {
    const index = SKIPPED_BY_ENGINE.indexOf(kind);
    this.skipped[index] = itemOf(this.skipped, index) + 1;
  }

  /** Returns the order of the paths below the names. The system's listing mostly is in order already. */
  #pathOrder(): number[] | undefined {
    const compare = this.names.some(mayBeEscaped) ? compareTreePaths : compareUnits;
    const keys: string[] = [];
    let isSorted = true;
    for (const [i, name] of this.names.entries()) {
      const key = this.kinds[i] === DIRECTORY ? `${name}/` : name;
      if (i > 0 && compare(itemOf(keys, i - 1), key) >= 0) isSorted = false;
      keys.push(key);
    }
    if (isSorted) return undefined;
    return keys.map((_, i) => i).sort((a, b) => compare(itemOf(keys, a), itemOf(keys, b)));
  }
}

const ENOENT = 2;
/** Types of entries, as getdents64(2) has them. */
export const DT_UNKNOWN = 0;
export const DT_DIR = 4;
const DT_REG = 8;

/** Without surrogates the order of UTF-16 units is that of the bytes. */
function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
