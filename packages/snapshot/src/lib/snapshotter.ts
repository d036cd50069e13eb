import { availableParallelism } from 'node:os';
import { StatCache } from '@muse/stat-cache';
import { resolveRoot, type ResolvedRoot } from '@muse/walker';
import { loadIgnoreRules } from '@muse/walker/ignore';
import { ThreadPool } from '@muse/walker/scan';
import { takeSnapshot, type SnapshotContext } from './take-snapshot.js';
import type { Snapshot, SnapshotCall, Snapshotter, SnapshotterOptions } from './types.js';

/**
 * Opens a root for one snapshot or many: resolves it, reads its ignore rules and its cache. Rejects when the root is no
 * directory or cannot be reached, with the system's `code`, and with `IgnoreFileError` when `.museignore` is broken.
 */
export async function openSnapshotter(root: string, options: SnapshotterOptions = {}): Promise<Snapshotter> {
  const threads = options.threads ?? availableParallelism();
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(`Cannot use ${threads} threads: it must be a whole number from 1`);
  }
  const resolved = await resolveRoot(root);
  const started = performance.now();
  const [ignore, cache] = await Promise.all([
    options.ignore === undefined ? loadIgnoreRules(resolved.root) : options.ignore || undefined,
    openCache(resolved, options),
  ]);
  return new RootSnapshotter(Math.min(threads, Math.max(MOST_THREADS, availableParallelism())), {
    root: resolved,
    cache,
    pool: undefined,
    ignore,
    oneFileSystem: options.oneFileSystem ?? false,
    loadMs: performance.now() - started,
  });
}

/** A V8 heap each: some hundred thousand of them end the process without a word that could be caught. */
const MOST_THREADS = 64;

async function openCache(
  { root }: ResolvedRoot,
  { cache, logger }: SnapshotterOptions,
): Promise<StatCache | undefined> {
  if (cache === false) return undefined;
  return cache ?? StatCache.open({ root, logger });
}

class RootSnapshotter implements Snapshotter {
  readonly root: string;
  readonly #threads: number;
  #context: SnapshotContext;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(threads: number, context: SnapshotContext) {
    this.root = context.root.root;
    this.#threads = threads;
    this.#context = context;
  }

  snapshot(call: SnapshotCall = {}): Promise<Snapshot> {
    if (this.#closed) return Promise.reject(new Error('Cannot take a snapshot: the snapshotter is closed'));
    // One at a time: they share the cache and the threads.
    const snapshot = this.#last.then(() => this.#take(call));
    this.#last = snapshot.catch(() => undefined);
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
    signal?.throwIfAborted();
    const pool = this.#pool();
    const context = { ...this.#context, pool };
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
  #pool(): ThreadPool | undefined {
    const { pool } = this.#context;
    if (this.#threads === 1 || (pool && !pool.broken)) return pool;
    return new ThreadPool(new URL('./worker.js', import.meta.url), this.#threads);
  }
}
