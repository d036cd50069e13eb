import { lstat } from 'node:fs/promises';
import { statCachePath, toFsPath } from '@muse/paths';
import { StatCache, type Logger } from '@muse/stat-cache';
import { type ResolvedRoot, resolveRoot } from '@muse/walker';
import {
  nativeEngine,
  resolveSubtree,
  revisitRoot,
  threadCount,
  ThreadPool,
  type NativeEngine,
} from '@muse/walker/scan';
import { SnapshotIncompleteError } from '../errors.js';
import type {
  ChangesOptions,
  Manifest,
  Snapshot,
  SnapshotCall,
  SnapshotOptions,
  Snapshotter,
  SnapshotterOptions,
  TreeChange,
} from '../types.js';
import { areRulesInFiles, type OpenedRoot, openRoot, readRules } from './root.js';
import type { Answer } from '../watch/changes.js';
import type { QuickLook } from '../watch/quick-look.js';
import type { Watcher, WatcherOptions } from '../watch/watcher.js';
import { takeSnapshot, type SnapshotSource } from './take-snapshot.js';

/**
 * Takes one snapshot of a root. Rejects when the root is no directory, when its `.museignore` is broken, with a
 * `LeftOutError` when the rules leave out the directory asked for, or with the reason of `signal`. Everything else that
 * goes wrong is a problem in the result.
 */
export async function createSnapshot(root: string, options: SnapshotOptions = {}): Promise<Snapshot> {
  options.signal?.throwIfAborted();
  const opened = await Root.open(root, options);
  try {
    return await opened.take(options, takeSnapshot);
  } finally {
    await opened.close();
  }
}

/**
 * Returns the complete manifest of a root. Rejects as {@link createSnapshot} does, and with a
 * {@link SnapshotIncompleteError} when there is any problem.
 */
export async function buildSnapshotManifest(root: string, options: SnapshotOptions = {}): Promise<Manifest> {
  const { manifest, problems } = await createSnapshot(root, options);
  if (problems.length > 0) throw new SnapshotIncompleteError(root, problems);
  return manifest;
}

/**
 * Opens a root for many snapshots: keeps its cache and its threads between them. Rejects when the root is no directory
 * or cannot be reached, with the system's `code`, and with `IgnoreFileError` when `.museignore` is broken.
 */
export async function openSnapshotter(root: string, options: SnapshotterOptions = {}): Promise<Snapshotter> {
  return openWithEvents(root, options);
}

/** Opens a root as {@link openSnapshotter} does, for tests that put faults between the system's events and their reader. */
export async function openWithEvents(
  root: string,
  options: SnapshotterOptions,
  openEvents?: WatcherOptions['openEvents'],
  auditMs?: number,
): Promise<Snapshotter> {
  const opened = await Root.open(root, options);
  return new RootSnapshotter(opened, options.watch === true ? { options, openEvents, auditMs } : undefined);
}

type Watching = Pick<WatcherOptions, 'options' | 'openEvents' | 'auditMs'>;

/** Takes one snapshot at a time, each of the root and its rules as they are then. */
class RootSnapshotter implements Snapshotter {
  readonly #root: Root;
  /** Set where the root is to be watched; the watcher is made with the first snapshot. */
  readonly #watching: Watching | undefined;
  #opening: Promise<Watcher> | undefined;
  #watcher: Watcher | undefined;
  #quickLook: QuickLook | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(root: Root, watching: Watching | undefined) {
    this.#root = root;
    this.#watching = watching;
  }

  get root(): string {
    return this.#root.path;
  }

  async snapshot(call: SnapshotCall = {}): Promise<Snapshot> {
    if (this.#closing.signal.aborted) throw new Error('Cannot take a snapshot: the snapshotter is closed');
    return (await this.#ask(call)).snapshot;
  }

  async *changes(options: ChangesOptions = {}): AsyncGenerator<TreeChange, void, undefined> {
    options.signal?.throwIfAborted();
    const { settleMs = 0 } = options;
    if (!(settleMs >= 0)) throw new RangeError(`Cannot wait ${settleMs} ms for a change to settle`);
    const closed = this.#closing.signal;
    if (closed.aborted) throw new Error('Cannot tell of changes: the snapshotter is closed');
    const [{ changesOf }, hearing] = await Promise.all([import('../watch/changes.js'), this.#openWatcher()]);
    const ask = (call: ChangesOptions) => this.#ask({ ...call, deferManifest: true });
    yield* changesOf({ ask, hearing, closed }, options);
  }

  #ask(call: SnapshotCall & ChangesOptions): Promise<Answer> {
    this.#watcher?.interrupt();
    const answer = waitFor(this.#last, call.signal).then(async () => {
      const watcher = await this.#openWatcher();
      if (!(watcher && this.#quickLook?.isSame)) {
        const keep = this.#quickLook?.begin();
        await this.#root.refresh();
        keep?.();
      }
      return this.#root.take(call, watcher ? watcher.answer.bind(watcher) : scanned);
    });
    this.#waitFor(answer);
    return answer;
  }

  /** Runs work while no snapshot is taken; not at all once it is closed. */
  #whenIdle(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => (this.#closing.signal.aborted ? undefined : work()));
    this.#waitFor(done);
    return done;
  }

  /** Has whatever comes next wait for this, too. Holds no result: that would keep every snapshot in memory. */
  #waitFor(work: Promise<unknown>): void {
    this.#last = Promise.allSettled([this.#last, work]).then(() => undefined);
  }

  /** Makes the watcher, once: loops and questions may come together. */
  async #openWatcher(): Promise<Watcher | undefined> {
    if (!this.#watching) return undefined;
    return (this.#opening ??= this.#newWatcher(this.#watching));
  }

  async #newWatcher(watching: Watching): Promise<Watcher> {
    const [{ Watcher }, { QuickLook }] = await Promise.all([
      import('../watch/watcher.js'),
      import('../watch/quick-look.js'),
    ]);
    this.#quickLook = QuickLook.of(this.root, watching.options);
    const whenIdle = this.#whenIdle.bind(this);
    this.#watcher = new Watcher(this.root, { ...watching, native: this.#root.native, whenIdle });
    return this.#watcher;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
    await this.#watcher?.close();
    await this.#root.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Waits for a promise that never rejects; rejects with the reason of `signal` as soon as that is aborted. */
async function waitFor(turn: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = () => {
      signal?.removeEventListener('abort', go);
      resolve();
    };
    signal?.addEventListener('abort', go);
    if (signal?.aborted) go();
    void turn.then(go);
  });
  signal?.throwIfAborted();
}

async function scanned(source: SnapshotSource, call: SnapshotCall): Promise<Answer> {
  return { snapshot: await takeSnapshot(source, call), version: undefined };
}

/** A root that snapshots are taken of, with its rules, its cache and its threads. */
class Root {
  readonly #options: SnapshotterOptions;
  readonly #threads: number;
  readonly #native: NativeEngine | undefined;
  #pool: ThreadPool | undefined;
  #opened: OpenedRoot;
  /** The directory to take: the root, or the subtree. */
  #top: ResolvedRoot;
  #loadMs: number;

  private constructor(
    options: SnapshotterOptions,
    threads: number,
    native: NativeEngine | undefined,
    pool: ThreadPool | undefined,
    opened: OpenedRoot,
    top: ResolvedRoot,
    loadMs: number,
  ) {
    this.#options = options;
    this.#threads = threads;
    this.#native = native;
    this.#pool = pool;
    this.#opened = opened;
    this.#top = top;
    this.#loadMs = loadMs;
  }

  static async open(path: string, options: SnapshotterOptions): Promise<Root> {
    const { subtree = '', cache, logger } = options;
    const threads = threadCount(options.threads);
    const root = await resolveRoot(path);
    const top = subtree === '' ? root : await resolveSubtree(root, subtree);
    const started = performance.now();
    const native = await nativeEngine(logger);
    const pool = newPool(threads, logger);
    // They take longer to start than the cache to load.
    if (!native && pool && subtree === '' && cache === undefined)
      pool.startFor('cacheBytes', await sizeOf(statCachePath(root.root)));
    try {
      const opened = await openRoot(root, options, { defer: true, native: native?.native });
      // What a snapshot reads must be known at the next one, even where it is saved nowhere.
      const cache = opened.cache ?? (options.watch === true ? StatCache.empty() : undefined);
      const ms = performance.now() - started;
      return new Root(options, threads, native, pool, { ...opened, cache }, top, ms);
    } catch (error) {
      await pool?.close();
      throw error;
    }
  }

  get native(): NativeEngine | undefined {
    return this.#native;
  }

  /** Its native path, links resolved. */
  get path(): string {
    return this.#opened.root.root;
  }

  /** Looks at the root again, reads the rules again, and replaces threads that died. */
  async refresh(): Promise<void> {
    const { subtree = '' } = this.#options;
    const root = await revisitRoot(this.#opened.root);
    this.#top = subtree === '' ? root : await resolveSubtree(root, subtree);
    if (this.#pool?.broken === true) {
      await this.#pool.close();
      this.#pool = newPool(this.#threads, this.#options.logger);
    }
    const rules = areRulesInFiles(this.#options)
      ? await readRules(root.root, this.#options, this.#native?.native.sha256)
      : undefined;
    this.#opened = { ...this.#opened, root, ...rules };
  }

  /** Takes a snapshot by `taken`. */
  async take<T>(
    call: SnapshotCall,
    taken: (source: SnapshotSource, call: SnapshotCall) => Promise<T>,
  ): Promise<T> {
    const { signal } = call;
    signal?.throwIfAborted();
    const pool = this.#pool;
    const loadMs = this.#loadMs;
    this.#loadMs = 0;
    const { subtree = '', oneFileSystem = false } = this.#options;
    const [threads, native] = [this.#threads, this.#native];
    const abort = () => pool?.setAborted(true);
    signal?.addEventListener('abort', abort);
    try {
      return await taken(
        { ...this.#opened, subtree, top: this.#top, threads, native, pool, oneFileSystem, loadMs },
        call,
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      pool?.setAborted(false);
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}

function newPool(threads: number, logger: Logger | undefined): ThreadPool | undefined {
  if (threads === 1) return undefined;
  return new ThreadPool(
    () => new URL('./worker.js', import.meta.url),
    threads,
    ({ message }) => logger?.warn(`${message}; snapshots are taken in this one, which takes longer`),
  );
}

/** Returns the bytes of a file, 0 where that cannot be told. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await lstat(toFsPath(file))).size;
  } catch {
    return 0;
  }
}
