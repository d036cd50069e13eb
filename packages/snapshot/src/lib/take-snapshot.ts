import { withPath } from '@muse/paths';
import type { FileCalls, ObjectId, StatCache } from '@muse/stat-cache';
import type { IgnoreRules, ResolvedRoot } from '@muse/walker';
import {
  ScanExecutor,
  directoriesOf,
  rulesAbove,
  startBeside,
  TreeScan,
  type DirectoryNode,
  type RulesAbove,
  type ScanCalls,
  type ScannedEntries,
  type ThreadPool,
} from '@muse/walker/scan';
import { annotateWith, sharedLines } from './annotate.js';
import { assemble, manifestOf } from './assemble.js';
import { Breather } from './breather.js';
import { startCheckpoints } from './checkpoints.js';
import type { DirectoryIds } from './directory-ids.js';
import { hashMisses } from './hash-misses.js';
import { LeftOutError } from './left-out-error.js';
import { lookUpDirectory } from './lookup-directory.js';
import { ProgressReport } from './progress-report.js';
import { pruneCache } from './prune-cache.js';
import type { RuleTexts } from './rule-texts.js';
import type { Manifest, Problem, Snapshot, SnapshotCall, SnapshotStats } from './types.js';

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

/** Files that a tree had when it was cached, from which on threads are worth their start at once. */
const LARGE_TREE = 4000;

/** Takes one snapshot: list and look up, hash what is not known, record, put together, save. */
export async function takeSnapshot(context: SnapshotContext, call: SnapshotCall): Promise<Snapshot> {
  const { root, subtree = '', top = root, cache, pool, ignore, oneFileSystem, loadMs } = context;
  const { signal } = call;
  const watch = new Stopwatch();
  const progress = new ProgressReport(call.onProgress);
  const breather = new Breather();

  progress.enter('scan');
  const lines = sharedLines(cache);
  if (pool && lines && subtree === '' && lines.count > LARGE_TREE) startBeside(pool);
  const annotation = lines && {
    data: lines,
    annotate: (entries: ScannedEntries) => annotateWith(lines, entries),
  };
  const known = { cache, lines: lines && asBuffer(lines.bytes) };
  const above = await rulesAbove(root.root, subtree, ignore);
  if (above.leftOut) throw leftOutError(subtree, above.leftOut);
  const scan = new TreeScan<DirectoryIds>({
    root: root.root,
    path: subtree,
    identity: top,
    executor: new ScanExecutor(pool, context.calls?.scan, annotation),
    calls: context.calls?.scan,
    ignore: above.rules,
    oneFileSystem,
    signal,
    onListed: (directory) => {
      const { listing } = directory;
      if (!listing) return undefined;
      const before = directory.value?.files ?? 0;
      const looked = lookUpDirectory(directory, listing, known, breather);
      progress.add({ files: Math.max(0, (directory.value?.files ?? 0) - before) });
      return looked;
    },
  });
  await scan.drain();
  const scanMs = watch.lap();

  progress.enter('hash');
  const checkpoints = cache?.persistent ? startCheckpoints(cache) : undefined;
  const hashed = await hashMisses(
    scan,
    { root: root.root, cache, pool, signal, calls: context.calls?.files, saving: checkpoints?.saving },
    progress,
  ).finally(() => checkpoints?.stop());
  let entries = new Map<string, ObjectId>();
  const onEntry = call.deferManifest
    ? undefined
    : (path: string, id: ObjectId) => void (entries = withPath(entries, path, id));
  const assembled = await assemble(scan.root, { breather, signal, onEntry });
  const manifest = onEntry ? () => entries : later(scan.root);
  // Counted by now, and half of what is in memory.
  for (const { value } of directoriesOf(scan.root)) if (value) value.misses.length = 0;
  const hashMs = watch.lap();

  progress.enter('save');
  const pruned = cache ? pruneCache(cache, assembled, hashed.uncached, manifest, subtree) : 0;
  const saveError = cache?.persistent ? await save(cache) : undefined;
  const saveMs = watch.lap();

  const { counts } = assembled;
  const problems = [...above.problems.map((problem) => ofAll(root.root, problem)), ...assembled.problems];
  const stats: SnapshotStats = {
    ...counts,
    hashedFiles: hashed.files,
    hashedBytes: hashed.bytes,
    racy: cache?.racy ?? 0,
    ahead: hashed.ahead,
    pruned,
    milliseconds: {
      load: loadMs,
      scan: scanMs,
      hash: hashMs,
      save: saveMs,
      total: loadMs + scanMs + hashMs + saveMs,
    },
  };
  return snapshotOf(
    {
      id: assembled.id,
      complete: problems.length === 0,
      problems,
      stats,
      rules: context.texts?.list(root.root) ?? [],
    },
    manifest,
    saveError,
  );
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
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

function leftOutError(
  path: string,
  { path: at, kind, rule }: NonNullable<RulesAbove['leftOut']>,
): LeftOutError {
  return new LeftOutError({ path, at, why: kind === 'reserved' ? 'reserved' : 'ignored', rule });
}

/** Returns what makes the manifest of a tree at the first call, and then lets go of the tree. */
function later(tree: DirectoryNode<DirectoryIds>): () => Manifest {
  let root: typeof tree | undefined = tree;
  let manifest: Manifest = new Map();
  return () => {
    if (root) manifest = manifestOf(root);
    root = undefined;
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

async function save(cache: StatCache): Promise<Error | undefined> {
  try {
    await cache.save();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
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
