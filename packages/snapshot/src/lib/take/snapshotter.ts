import { lstat } from 'node:fs/promises';
import { statCachePath, toFsPath } from '@muse/paths';
import { type LoadCacheOptions, type Logger, StatCache } from '@muse/stat-cache';
import { type IgnoreRules, type ResolvedRoot, resolveRoot } from '@muse/walker';
import { checkMuseOwner, type OnRuleText } from '@muse/walker/ignore';
import { resolveSubtree, revisitRoot, threadCount, ThreadPool } from '@muse/walker/scan';
import { SnapshotIncompleteError } from '../errors.js';
import { type IgnoreOptions, readIgnoreRules, readsRules, RuleTexts } from './rules.js';
import { type SnapshotContext, takeSnapshot } from './take-snapshot.js';
import type { Manifest, Snapshot, SnapshotCall, Snapshotter, SnapshotterOptions } from '../types.js';

/**
 * Takes one snapshot of a root: opens it, takes it, closes it. Rejects when the root is no directory, when its
 * `.museignore` is broken, with a `LeftOutError` where the rules leave out the directory that was asked for, or with
 * the reason of `signal`; everything else that goes wrong is a problem in the result.
 */
export async function createSnapshot(
  root: string,
  options: SnapshotterOptions & SnapshotCall = {},
): Promise<Snapshot> {
  options.signal?.throwIfAborted();
  const snapshotter = await openRoot(root, options, false);
  try {
    return await snapshotter.snapshot(options);
  } finally {
    await snapshotter.close();
  }
}

/**
 * Returns the manifest of a root, complete. Rejects as {@link createSnapshot} does, and with a
 * {@link SnapshotIncompleteError} when there is any problem.
 */
export async function buildSnapshotManifest(
  root: string,
  options: SnapshotterOptions & SnapshotCall = {},
): Promise<Manifest> {
  const { manifest, problems } = await createSnapshot(root, options);
  if (problems.length > 0) throw new SnapshotIncompleteError(root, problems);
  return manifest;
}

/**
 * Opens a root for one snapshot or many: resolves it, reads its ignore rules and its cache. Rejects when the root is no
 * directory or cannot be reached, with the system's `code`, and with `IgnoreFileError` when `.museignore` is broken.
 */
export function openSnapshotter(root: string, options: SnapshotterOptions = {}): Promise<Snapshotter> {
  return openRoot(root, options, true);
}

/**
 * Does what {@link openSnapshotter} does; without `again` nothing is kept in memory for a second snapshot, and the rules are
 * those that are read here.
 */
export async function openRoot(
  root: string,
  options: SnapshotterOptions,
  again: boolean,
): Promise<Snapshotter> {
  const { subtree = '' } = options;
  const threads = threadCount(options.threads);
  const resolved = await resolveRoot(root);
  if (subtree !== '') await resolveSubtree(resolved, subtree);
  const started = performance.now();
  const texts = new RuleTexts();
  const pool = newPool(threads, options.logger);
  // They take longer to start than the cache to load.
  if (pool && subtree === '' && options.cache === undefined)
    pool.startFor('cacheBytes', await sizeOf(statCachePath(resolved.root)));
  try {
    const [ignore, cache] = await Promise.all([
      readIgnoreRules(resolved.root, options, texts.add.bind(texts)),
      openCache(resolved, options, { defer: true, keep: again }),
    ]);
    return new RootSnapshotter(threads, again && readsRules(options) ? options : undefined, options.logger, {
      root: resolved,
      subtree,
      cache,
      pool,
      ignore,
      texts,
      oneFileSystem: options.oneFileSystem ?? false,
      loadMs: performance.now() - started,
    });
  } catch (error) {
    await pool?.close();
    throw error;
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

class RootSnapshotter implements Snapshotter {
  readonly root: string;
  readonly #threads: number;
  readonly #rules: IgnoreOptions | undefined;
  readonly #logger: Logger | undefined;
  #context: SnapshotContext;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** With `rules` it keeps to what they say at the time of each snapshot. */
  constructor(
    threads: number,
    rules: IgnoreOptions | undefined,
    logger: Logger | undefined,
    context: SnapshotContext,
  ) {
    this.root = context.root.root;
    this.#threads = threads;
    this.#rules = rules;
    this.#logger = logger;
    this.#context = context;
  }

  snapshot(call: SnapshotCall = {}): Promise<Snapshot> {
    if (this.#closed) return Promise.reject(new Error('Cannot take a snapshot: the snapshotter is closed'));
    // One at a time: they share the cache and the threads.
    const snapshot = waitFor(this.#last, call.signal).then(() => this.#take(call));
    // Of both only that they ended: their values would keep every snapshot in memory.
    this.#last = Promise.allSettled([this.#last, snapshot]).then(() => undefined);
    return snapshot;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#context.pool?.close();
    this.#context = { ...this.#context, pool: undefined };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #take(call: SnapshotCall): Promise<Snapshot> {
    const { signal } = call;
    const root = await revisitRoot(this.#context.root);
    const { subtree = '' } = this.#context;
    const top = subtree === '' ? root : await resolveSubtree(root, subtree);
    const pool = await this.#pool();
    let { ignore, texts } = this.#context;
    if (this.#rules) {
      texts = new RuleTexts();
      ignore = await readIgnoreRules(root.root, this.#rules, texts.add.bind(texts));
    }
    signal?.throwIfAborted();
    const context = { ...this.#context, root, top, pool, ignore, texts };
    this.#context = { ...context, loadMs: 0 };
    const abort = () => pool?.setAborted(true);
    signal?.addEventListener('abort', abort);
    try {
      return await takeSnapshot(context, call);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      pool?.setAborted(false);
    }
  }

  /** A pool that lost a thread is replaced, so that one crash does not spoil the snapshots after it. */
  async #pool(): Promise<ThreadPool | undefined> {
    const { pool } = this.#context;
    if (this.#threads === 1 || (pool && !pool.broken)) return pool;
    await pool?.close();
    return newPool(this.#threads, this.#logger);
  }
}

/** Waits for what never rejects; rejects with the reason of `signal` as soon as that is aborted. */
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

/** Returns the cache for a root: its own, the one that was given, or none. Rejects where that is another root's. */
export async function openCache(
  resolved: ResolvedRoot,
  options: Pick<SnapshotterOptions, 'cache' | 'logger' | 'subtree' | 'temporaryFiles' | 'trustOwners'>,
  own: Pick<LoadCacheOptions, 'defer' | 'keep'> = {},
): Promise<StatCache | undefined> {
  const { cache, logger, temporaryFiles } = options;
  if (cache === false) return undefined;
  // Whoever owns it could forge every object id; that it does not count is told with the rules.
  if (cache === undefined && (await checkMuseOwner(resolved.root, options))) return undefined;
  if (cache === undefined) return StatCache.open({ root: resolved.root, logger, temporaryFiles, ...own });
  // Nothing would match, and a snapshot would prune all of its entries and save those recorded here over there.
  if (cache.root !== undefined && !(await isRoot(resolved, cache.root))) {
    const [mine, its] = [JSON.stringify(resolved.root), JSON.stringify(cache.root)];
    throw new RangeError(`Cannot use this stat cache for ${mine}: it belongs to ${its}`);
  }
  return cache;
}

async function isRoot({ dev, ino }: ResolvedRoot, path: string): Promise<boolean> {
  const other = await resolveRoot(path).catch(() => undefined);
  return other?.dev === dev && other.ino === ino;
}

/** What there is to judge a tree by: its rules and its cache, both only to be read. */
export interface ReadOnlyContext {
  readonly root: ResolvedRoot;
  readonly ignore: IgnoreRules | undefined;
  readonly cache: StatCache | undefined;
}

/** Resolves a root and loads its rules and its cache. Rejects as opening a snapshotter does. */
export async function openReadOnly(
  root: string,
  options: Pick<SnapshotterOptions, 'cache'> & IgnoreOptions,
  onText?: OnRuleText,
): Promise<ReadOnlyContext> {
  const resolved = await resolveRoot(root);
  const [ignore, cache] = await Promise.all([
    readIgnoreRules(resolved.root, options, onText),
    openCache(resolved, options),
  ]);
  return { root: resolved, ignore, cache };
}
