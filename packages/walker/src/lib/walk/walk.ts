import { threadCount, ThreadPool } from '../pool/thread-pool.js';
import { countLeftOut, directoriesOf, type DirectoryNode } from '../scan/directory.js';
import { TypeScriptScanEngine } from '../scan/engine.js';
import { entriesInPathOrder } from '../scan/entries.js';
import { isFile } from '../scan/reply.js';
import { Tree } from '../scan/tree.js';
import type { IgnoreRules, LeftOutKind, WalkedStat, WalkProblem } from '../types.js';
import { resolveRoot } from './resolve-root.js';

/** How a tree is walked. */
export interface WalkOptions {
  /** Threads that list at most. Default: the processors available to this process; 1 starts no worker. */
  readonly threads?: number | undefined;
  /** What to leave out, besides `.muse` and `.git`. Default: nothing. */
  readonly ignore?: IgnoreRules | undefined;
  /** Leave out directories that are on another device than the root. Default: false. */
  readonly oneFileSystem?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears where worker threads cannot be started; the walk goes on without. Default: nobody. */
  readonly logger?: { warn(message: string): void } | undefined;
}

/** A regular file that a walk found. */
export interface WalkedFile {
  /** Tree path. */
  readonly path: string;
  readonly stat: WalkedStat;
}

/** What a walk found. */
export interface Walk {
  /** The root's native path with its links resolved. */
  readonly root: string;
  /** Regular files, in path order. */
  readonly files: readonly WalkedFile[];
  /** Directories listed, the root included. */
  readonly directories: number;
  /** Entries that are not among the files, by kind; an ignored directory counts once. */
  readonly leftOut: Readonly<Record<LeftOutKind, number>>;
  /** What could not be listed or statted; when empty, the walk is complete. */
  readonly problems: readonly WalkProblem[];
}

/**
 * Lists every regular file below a root with its stat. Follows no link below the root and opens no file. Rejects when
 * the root is no directory, or with the reason of `signal`; any other trouble is a problem in the result.
 */
export async function walk(root: string, options: WalkOptions = {}): Promise<Walk> {
  const { ignore, oneFileSystem, signal, logger } = options;
  const threads = threadCount(options.threads);
  const resolved = await resolveRoot(root);
  const script = () => new URL('./scan-worker.js', import.meta.url);
  const warn = ({ message }: Error) => {
    logger?.warn(`${message}; the tree is listed in this one`);
  };
  const pool = threads > 1 ? new ThreadPool(script, threads, warn) : undefined;
  const abort = () => pool?.setAborted(true);
  signal?.addEventListener('abort', abort);
  const tree = new Tree<never>({
    root: resolved.root,
    identity: resolved,
    engine: new TypeScriptScanEngine({ root: resolved.root, pool }),
    ignore,
    oneFileSystem,
    signal,
  });
  try {
    await tree.list();
    return { root: resolved.root, ...summarize(tree.top) };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    tree.close();
    await pool?.close();
  }
}

function summarize(top: DirectoryNode<never>): Omit<Walk, 'root'> {
  const files: WalkedFile[] = [];
  for (const { directory, listing, from, to, names } of entriesInPathOrder(top)) {
    for (let entry = from; entry < to; entry++, names.next()) {
      if (!isFile(listing.match(entry))) continue;
      files.push({ path: directory.prefix + names.text, stat: listing.stat(entry).copy() });
    }
  }
  let directories = 0;
  const problems: WalkProblem[] = [];
  for (const node of directoriesOf(top)) {
    if (node.listing) directories++;
    problems.push(...node.problems);
  }
  return { files, directories, leftOut: countLeftOut(top), problems };
}
