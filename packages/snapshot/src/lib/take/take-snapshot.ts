import { treePathToBytes, withPath } from '@muse/paths';
import type { FileCalls, ObjectId, SortedLines, StatCache } from '@muse/stat-cache';
import { lowerBound } from '@muse/stat-cache/lines';
import type { IgnoreRules, ResolvedRoot } from '@muse/walker';
import { rulesAbove, type RulesAbove } from '@muse/walker/ignore';
import {
  directoriesOf,
  type DirectoryNode,
  FAILED,
  type LineRange,
  type Listing,
  type ScanCalls,
  type ThreadPool,
  Tree,
  TypeScriptScanEngine,
} from '@muse/walker/scan';
import { LeftOutError } from '../errors.js';
import { TypeScriptHashEngine } from '../hash/engine.js';
import { type Hashed, hashMisses } from '../hash/hash-misses.js';
import { isOfRules } from '../manifest/diff.js';
import { assemble, type Assembled, manifestOf } from './assemble.js';
import { startCheckpoints } from './checkpoints.js';
import { type DirectoryFiles, judgeDirectory } from './directory-files.js';
import { LineJoin } from './join.js';
import { ProgressReport } from './progress.js';
import type { RuleTexts } from './rules.js';
import type { Manifest, Problem, Snapshot, SnapshotCall } from '../types.js';
import { Yielder } from '../yielder.js';

/** What a snapshotter keeps from one snapshot to the next. */
export interface SnapshotContext {
  readonly root: ResolvedRoot;
  /** The tree path of the directory to take, and what it is; `''` is the root itself. */
  readonly subtree?: string | undefined;
  readonly top?: Pick<ResolvedRoot, 'dev' | 'ino'> | undefined;
  readonly cache: StatCache | undefined;
  readonly pool: ThreadPool | undefined;
  readonly ignore: IgnoreRules | undefined;
  /** What the rules are made of. */
  readonly texts?: RuleTexts | undefined;
  readonly oneFileSystem: boolean;
  /** Milliseconds that loading the cache took; 0 for all snapshots but the first. */
  readonly loadMs: number;
  /** The system calls of this thread, for tests that choose what happens between two of them. Default: the system's. */
  readonly calls?: { readonly scan: ScanCalls; readonly files: FileCalls } | undefined;
}

/** Takes one snapshot: lists, joins with the cache, hashes what is not known, puts together, saves. */
export async function takeSnapshot(context: SnapshotContext, call: SnapshotCall): Promise<Snapshot> {
  const { cache, subtree = '', loadMs } = context;
  const watch = new Stopwatch();
  const progress = new ProgressReport(call.onProgress);
  const lines = sharedLines(cache?.lines);

  progress.enter('scan');
  const { tree, ruleProblems } = await newTree(context, { lines, progress, signal: call.signal });
  // What was pending before this snapshot may be gone; what it records itself is there.
  const pending = [...(cache?.pendingPaths() ?? [])];
  let scanMs;
  let hashed;
  try {
    await tree.list();
    scanMs = watch.lap();
    progress.enter('hash');
    hashed = await hashTree(tree, context, progress, call.signal);
  } finally {
    tree.close();
  }
  const { assembled, manifest } = await putTogether(tree.top, call);
  const hashMs = watch.lap();

  progress.enter('save');
  const found = { tree, lines, pending, assembled, uncached: hashed.uncached, subtree, manifest };
  const pruned = cache ? pruneCache(cache, found) : 0;
  const saveError = cache?.persistent ? await save(cache) : undefined;
  const saveMs = watch.lap();

  const milliseconds = { load: loadMs, scan: scanMs, hash: hashMs, save: saveMs };
  const problems = [...ruleProblems, ...assembled.problems];
  return snapshotOf(
    {
      id: assembled.id,
      complete: problems.length === 0,
      problems,
      stats: {
        ...assembled.counts,
        hashedFiles: hashed.files,
        hashedBytes: hashed.bytes,
        racy: cache?.racy ?? 0,
        ahead: hashed.ahead,
        pruned,
        milliseconds: { ...milliseconds, total: loadMs + scanMs + hashMs + saveMs },
      },
      rules: context.texts?.list(context.root.root) ?? [],
    },
    manifest,
    saveError,
  );
}

/** Returns a tree that judges the files of each directory once it is listed, and what is wrong with the rules above it. */
async function newTree(
  { root, subtree = '', top = root, cache, pool, ignore, oneFileSystem, calls }: SnapshotContext,
  options: {
    readonly lines: SortedLines | undefined;
    readonly progress: ProgressReport;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ tree: Tree<DirectoryFiles>; ruleProblems: Problem[] }> {
  const { lines, progress, signal } = options;
  if (lines && subtree === '') pool?.startFor('knownFiles', lines.count);
  const above = await rulesAbove(root.root, subtree, ignore);
  if (above.leftOut) throw leftOutError(subtree, above.leftOut);
  const known = {
    cache,
    lines: lines && Buffer.from(lines.bytes.buffer, lines.bytes.byteOffset, lines.bytes.length),
  };
  const join = lines && {
    data: lines,
    join: ({ path, slice }: { readonly path: string; readonly slice: LineRange }) =>
      new LineJoin(lines, path, slice),
  };
  const yielder = new Yielder();
  const tree = new Tree<DirectoryFiles>({
    root: root.root,
    path: subtree,
    identity: top,
    slice: lines && sliceOf(lines, subtree),
    engine: new TypeScriptScanEngine({ root: root.root, pool, calls: calls?.scan, ...join }),
    calls: calls?.scan,
    ignore: above.rules,
    oneFileSystem,
    signal,
    onListed: (directory, listing) => {
      const before = directory.value;
      directory.value = judgeDirectory(directory, listing, known, before);
      progress.add({ files: Math.max(0, directory.value.files - (before?.files ?? 0)) });
      return yielder.step(listing.length);
    },
  });
  return { tree, ruleProblems: above.problems.map((problem) => ofAll(root.root, problem)) };
}

/** Hashes what is not known, and saves it from time to time where that takes long. */
async function hashTree(
  tree: Tree<DirectoryFiles>,
  { root, cache, pool, calls }: SnapshotContext,
  progress: ProgressReport,
  signal: AbortSignal | undefined,
): Promise<Hashed> {
  const checkpoints = cache?.persistent ? startCheckpoints(cache) : undefined;
  try {
    const saving = checkpoints?.saving;
    const engine = new TypeScriptHashEngine({ root: root.root, pool, calls: calls?.files, saving });
    return await hashMisses(tree, { engine, cache, progress, signal, saving });
  } finally {
    await checkpoints?.stop();
  }
}

/** Makes id, problems and counts of the tree, and the manifest, now or when it is asked for. */
async function putTogether(
  top: DirectoryNode<DirectoryFiles>,
  { signal, deferManifest = false }: SnapshotCall,
): Promise<{ assembled: Assembled; manifest: () => Manifest }> {
  let entries = new Map<string, ObjectId>();
  const onEntry = deferManifest
    ? undefined
    : (path: string, id: ObjectId) => void (entries = withPath(entries, path, id));
  const assembled = await assemble(top, { yielder: new Yielder(), signal, onEntry });
  // They are counted by now, and half of what is in memory.
  for (const { value } of directoriesOf(top)) if (value) value.misses.length = 0;
  return { assembled, manifest: onEntry ? () => entries : later(top) };
}

async function save(cache: StatCache): Promise<Error | undefined> {
  try {
    await cache.save();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Returns lines that worker threads read without a copy. */
function sharedLines(lines: SortedLines | undefined): SortedLines | undefined {
  if (!lines || lines.bytes.buffer instanceof SharedArrayBuffer) return lines;
  const bytes = new Uint8Array(new SharedArrayBuffer(lines.bytes.length));
  bytes.set(lines.bytes);
  return { ...lines, bytes };
}

/** Returns the lines of all that is below a directory. */
function sliceOf(lines: SortedLines, path: string): LineRange {
  if (path === '') return lines;
  // `0` is what comes after `/`: the first path that is not below the directory.
  return {
    from: lowerBound(lines, treePathToBytes(`${path}/`)),
    to: lowerBound(lines, treePathToBytes(`${path}0`)),
  };
}

function leftOutError(
  path: string,
  { path: at, kind, rule }: NonNullable<RulesAbove['leftOut']>,
): LeftOutError {
  return new LeftOutError({ path, at, why: kind === 'reserved' ? 'reserved' : 'ignored', rule });
}

/** What is wrong with the rules above a subtree is a problem of all of it. */
function ofAll(root: string, problem: Problem): Problem {
  const { path, message } = problem;
  if (path === '') return problem;
  return {
    ...problem,
    path: '',
    operation: 'open',
    message: `${JSON.stringify(`${root}/${path}`)}: ${message}`,
  };
}

/** Returns what makes the manifest of a tree at the first call, and then lets go of the tree. */
function later(top: DirectoryNode<DirectoryFiles>): () => Manifest {
  let tree: typeof top | undefined = top;
  let manifest: Manifest = new Map();
  return () => {
    if (tree) manifest = manifestOf(tree);
    tree = undefined;
    return manifest;
  };
}

/** In a function of its own: a getter keeps alive whatever the function around it holds. */
function snapshotOf(
  { id, complete, problems, stats, rules }: Omit<Snapshot, 'manifest' | 'saveError'>,
  manifest: () => Manifest,
  saveError: Error | undefined,
): Snapshot {
  return {
    id,
    get manifest() {
      return manifest();
    },
    complete,
    problems,
    stats,
    rules,
    ...(saveError && { saveError }),
  };
}

/** Tells the milliseconds from lap to lap. */
class Stopwatch {
  #last = performance.now();

  lap(): number {
    const before = this.#last;
    this.#last = performance.now();
    return this.#last - before;
  }
}

/** What a snapshot found, for the cache to be pruned by. */
export interface Found {
  readonly tree: Tree<DirectoryFiles>;
  /** The lines that the tree was joined with, where it was. */
  readonly lines: SortedLines | undefined;
  /** The paths that were pending before anything was recorded. */
  readonly pending: readonly string[];
  readonly assembled: Assembled;
  /** Files of the manifest that were not recorded. */
  readonly uncached: number;
  readonly subtree: string;
  /** Returns the manifest; only called when something may be gone. */
  readonly manifest: () => Manifest;
}

/**
 * Removes the entries of files that are gone, and returns how many. What lies at or below a problem is spared: it was not
 * seen, which is not the same as not being there. So is what lies outside of the subtree that was snapshotted.
 */
export function pruneCache(cache: StatCache, found: Found): number {
  const { tree, lines, pending, assembled, uncached, subtree } = found;
  const known = { has: (path: string) => isThere(path, found) };
  if (lines) {
    const isInside = (path: string) => subtree === '' || path.startsWith(`${subtree}/`);
    const isGone = (path: string) => isInside(path) && !known.has(path);
    return (
      cache.removeLines(goneLines(tree)) + cache.remove([...excludedPaths(tree), ...pending.filter(isGone)])
    );
  }
  // Every other file was just looked up or recorded: as many entries as those means no entry without a file.
  const { problems, counts } = assembled;
  if (subtree === '' && problems.length === 0 && cache.size === counts.files - uncached) return 0;
  return cache.prune(known, { below: subtree });
}

/** Yields the lines whose files are not there, or are left out. What could not be listed whole says nothing of them. */
function* goneLines(tree: Tree<DirectoryFiles>): Iterable<LineRange> {
  for (const { state, listing, excludedLines } of directoriesOf(tree.top)) {
    if (state !== 'listed' || !listing || hasFailed(listing)) continue;
    yield* listing.gone;
    yield* excludedLines;
  }
}

function* excludedPaths(tree: Tree<DirectoryFiles>): Iterable<string> {
  for (const { prefix, excludedFiles } of directoriesOf(tree.top)) {
    for (const name of excludedFiles) yield prefix + name;
  }
}

function hasFailed(listing: Listing): boolean {
  for (let entry = 0; entry < listing.length; entry++) if (listing.match(entry) === FAILED) return true;
  return false;
}

/** Returns whether a path is in the manifest, or at or below a problem. Both begin at the subtree, the cache at the root. */
function isThere(path: string, { assembled, subtree, manifest }: Found): boolean {
  const own = subtree === '' ? path : path.slice(subtree.length + 1);
  if (manifest().has(own)) return true;
  const unseen = assembled.problems.filter((problem) => !isOfRules(problem));
  return unseen.some(
    (problem) => problem.path === '' || own === problem.path || own.startsWith(`${problem.path}/`),
  );
}
