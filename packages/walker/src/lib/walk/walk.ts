import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseTreePath } from '@muse/paths';
import { threadCount, ThreadPool } from '../pool/thread-pool.js';
import { problemOf, systemProblem, tornDirectory } from '../problems.js';
import { scanBatch, TypeScriptScanEngine } from '../scan/engine.js';
import { nativeEngine, NativeScanEngine, openNativeRoot } from '../scan/native-engine.js';
import { systemCalls } from '../scan/open-directory.js';
import {
  itemOf,
  DIRECTORY,
  FAILED,
  isFile,
  listingsIn,
  SKIPPED_BY_ENGINE,
  type Listing,
} from '../scan/reply.js';
import { countLeftOut, directoriesOf, entriesInPathOrder, Tree, type DirectoryNode } from '../scan/tree.js';
import type { IgnoreRules, LeftOutKind, WalkedStat, Problem } from '../types.js';
import { identityBelow, resolveRoot } from './root.js';

/** Options of {@link walk}. */
export interface WalkOptions {
  /** Threads that list at most. Default: the processors available to this process; 1 starts no worker. */
  readonly threads?: number | undefined;
  /** Rules that leave entries out, besides `.muse` and `.git`. Default: none. */
  readonly ignore?: IgnoreRules | undefined;
  /** Leave out directories that are on another device than the root. Default: false. */
  readonly oneFileSystem?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears where worker threads cannot be started; the walk goes on without. Default: nobody. */
  readonly logger?: { warn(message: string): void; debug?(message: string): void } | undefined;
}

/** A regular file that a walk found. */
export interface WalkedFile {
  /** Tree path. */
  readonly path: string;
  readonly stat: WalkedStat;
}

/** The result of a walk. */
export interface Walk {
  /** The root's native path with its links resolved. */
  readonly root: string;
  /** Regular files, in path order. */
  readonly files: readonly WalkedFile[];
  /** Directories listed, the root included. */
  readonly directories: number;
  /** Entries that are not among the files, by kind; an ignored directory counts once. */
  readonly leftOut: Readonly<Record<LeftOutKind, number>>;
  /** Files and directories that could not be listed or statted; when empty, the walk is complete. */
  readonly problems: readonly Problem[];
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
  const native = await nativeEngine(logger);
  const nativeRoot = native && openNativeRoot(native, resolved.root, threads);
  const tree = new Tree<never>({
    root: resolved.root,
    identity: resolved,
    engine: nativeRoot
      ? new NativeScanEngine(nativeRoot)
      : new TypeScriptScanEngine({ root: resolved.root, pool }),
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
    nativeRoot?.close();
    await pool?.close();
  }
}

function summarize(top: DirectoryNode<never>): Omit<Walk, 'root'> {
  const files: WalkedFile[] = [];
  for (const { directory, cursor, to } of entriesInPathOrder(top)) {
    for (; cursor.entry < to; cursor.next()) {
      if (isFile(cursor.match))
        files.push({ path: directory.prefix + cursor.name, stat: cursor.stat.copy() });
    }
  }
  let directories = 0;
  const problems: Problem[] = [];
  const nodes = directoriesOf(top);
  for (const node of nodes) {
    if (node.listing) directories++;
    problems.push(...node.problems);
  }
  return { files, directories, leftOut: countLeftOut(nodes), problems };
}

/** An entry of a directory with its stat. */
export interface ListedEntry {
  /** One segment of a tree path. */
  readonly name: string;
  readonly stat: WalkedStat;
}

/** The entries of one directory. */
export interface DirectoryListing {
  /** Regular files, in the order of their names' bytes. */
  readonly files: readonly ListedEntry[];
  /** Directories, in the order of the paths below them. */
  readonly directories: readonly ListedEntry[];
  /** The kinds of all other entries; the names `.muse` and `.git` are `reserved`. */
  readonly leftOut: readonly LeftOutKind[];
  /** Entries that could not be listed or statted, with tree paths; when empty, the listing is complete. */
  readonly problems: readonly Problem[];
}

/**
 * Lists one directory below a root, `''` for the root itself, with the stat of each entry. It does not descend and
 * follows no link below the root; a directory that cannot be listed is a problem in the result. Rejects when the root
 * is no directory, and with a `SyntaxError` when the path is no tree path.
 */
export async function listDirectory(root: string, path: string): Promise<DirectoryListing> {
  if (path !== '') parseTreePath(path);
  const resolved = await resolveRoot(root);
  await nextTurn();
  let identity;
  try {
    identity = identityBelow(resolved, path);
  } catch (error) {
    return nothing([problemOf(path, 'readdir', error)]);
  }
  const slice = { from: 0, to: 0 };
  const task = { root: resolved.root, directories: [{ path, ...identity, slice }] };
  const listing = itemOf([...listingsIn(scanBatch(systemCalls, task))], 0);
  switch (listing.outcome) {
    case 'listed':
      return listingOf(path, listing);
    case 'failed':
      return nothing([systemProblem(path, listing.operation, listing.errno)]);
    default:
      return nothing([tornDirectory(path)]);
  }
}

function listingOf(path: string, listing: Listing): DirectoryListing {
  const files: ListedEntry[] = [];
  const directories: ListedEntry[] = [];
  const problems: Problem[] = [];
  const prefix = path === '' ? '' : `${path}/`;
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    const { match, name } = cursor;
    if (match === FAILED) problems.push(systemProblem(prefix + name, 'lstat', cursor.failure.errno));
    else (match === DIRECTORY ? directories : files).push({ name, stat: cursor.stat.copy() });
  }
  const leftOut = SKIPPED_BY_ENGINE.flatMap((kind, i) =>
    Array.from({ length: listing.skipped(i) }, () => kind),
  );
  return { files, directories, leftOut, problems };
}

function nothing(problems: readonly Problem[]): DirectoryListing {
  return { files: [], directories: [], leftOut: [], problems };
}
