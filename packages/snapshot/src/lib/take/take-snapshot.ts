import { treePathToBytes } from '@muse/paths';
import type { FileCalls, StatCache, StoredLines } from '@muse/stat-cache';
import { lowerBound } from '@muse/stat-cache/lines';
import type { Problem, ResolvedRoot } from '@muse/walker';
import { rulesAbove } from '@muse/walker/ignore';
import {
  directoriesOf,
  type DirectoryNode,
  NativeScanEngine,
  openNativeRoot,
  Tree,
  type LineRange,
  type Listing,
  type NativeEngine,
  type ScanCalls,
  type ScanEngine,
  type ThreadPool,
} from '@muse/walker/scan';
import { LeftOutError } from '../errors.js';
import type { HashEngine } from '../hash/engine.js';
import type { Hashed, startCheckpoints } from '../hash/hash-misses.js';
import { isAtOrBelow, unseenPaths } from '../manifest/manifest.js';
import type { Manifest, Progress, Snapshot, SnapshotCall } from '../types.js';
import { assemble, type Assembled } from './assemble.js';
import { directoriesWithMisses, judgeDirectory, LineJoin, type DirectoryResult, type Known } from './join.js';
import type { OpenedRoot, RuleTexts } from './root.js';

/** A root that was opened, and all else that a snapshot of it takes. */
export interface SnapshotSource extends OpenedRoot, EngineOptions {
  readonly root: ResolvedRoot;
  readonly cache: StatCache | undefined;
  /** The identity of the directory to take. */
  readonly top: Pick<ResolvedRoot, 'dev' | 'ino'>;
  readonly oneFileSystem: boolean;
  /** Milliseconds that loading the cache took. */
  readonly loadMs: number;
}

/** Who keeps a tree after its snapshot was taken, to bring it up to date later. */
export interface TreeKeeper extends Pick<Known, 'mustRead' | 'lastResult'> {
  /** An inotify descriptor, by which each directory is watched before it is listed. */
  readonly inotify: number;
  /** Called for each directory before it changes, while it is as it was. */
  readonly onTouched: (directory: DirectoryNode<DirectoryResult>) => void;
  /** Called for each directory once it is listed. */
  readonly onListed: (directory: DirectoryNode<DirectoryResult>, listing: Listing) => void;
}

/** A snapshot, and the tree that it was made of. */
export interface TakenTree {
  readonly snapshot: Snapshot;
  readonly tree: Tree<DirectoryResult>;
  readonly ruleProblems: readonly Problem[];
}

/** Takes one snapshot. */
export async function takeSnapshot(source: SnapshotSource, call: SnapshotCall): Promise<Snapshot> {
  return (await takeTree(source, call)).snapshot;
}

/** Takes one snapshot: scans the tree, hashes the misses, assembles the manifest, prunes the cache and saves it. */
export async function takeTree(
  source: SnapshotSource,
  call: SnapshotCall,
  keeper?: TreeKeeper,
): Promise<TakenTree> {
  const { cache, loadMs } = source;
  const watch = new Stopwatch();
  const progress = new ProgressReport(call.onProgress);

  progress.enter('scan');
  // What earlier snapshots of a long-lived cache saved is joined as lines from here on.
  await cache?.compact();
  // A tree that is kept is scanned once.
  if (keeper) await cache?.confirm();
  const { scanned, engines } = await scanConfirmed(source, { progress, signal: call.signal, keeper });
  const scanMs = watch.lap();
  let hashed;
  try {
    progress.enter('hash');
    hashed = await hash(scanned.tree, { cache, engines, progress, signal: call.signal });
    scanned.tree.confirmTop();
  } finally {
    engines.close();
  }
  const assembled = await assemble(scanned.tree.top, call, source.native?.native.digest);
  const hashMs = watch.lap();

  progress.enter('save');
  const pruned = cache ? prune(cache, { ...scanned, assembled, uncached: hashed.uncached }) : 0;
  const saveError = cache?.persistent ? await save(cache) : undefined;
  const saveMs = watch.lap();
  progress.end();

  const milliseconds = { load: loadMs, scan: scanMs, hash: hashMs, save: saveMs };
  const { tree, ruleProblems } = scanned;
  const problems = [...ruleProblems, ...assembled.problems];
  const snapshot = snapshotOf(
    {
      id: assembled.id,
      by: 'scan',
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
      rules: rulesOf(source, tree.top),
      sizes: assembled.sizes,
    },
    assembled.manifest,
    saveError,
  );
  return { snapshot, tree, ruleProblems };
}

/** Returns the texts that the rules of a tree are made of, and those of the rules above it. */
export function rulesOf(
  { root, texts }: SnapshotSource,
  top: DirectoryNode<DirectoryResult>,
): ReturnType<RuleTexts['list']> {
  return texts.list(root.root, (path) => {
    if (path !== top.path && !path.startsWith(top.prefix)) return true;
    const below = path === top.path ? [] : path.slice(top.prefix.length).split('/');
    const directory = below.reduce<DirectoryNode<DirectoryResult> | undefined>(
      (above, name) => above?.children.get(name),
      top,
    );
    return directory?.state === 'listed';
  });
}

/**
 * Brings a tree that was kept up to date: lists some of its directories anew, and hashes what changed in them. Nothing else
 * of it is looked at.
 */
export async function updateTree(
  source: SnapshotSource,
  tree: Tree<DirectoryResult>,
  directories: Iterable<DirectoryNode<DirectoryResult>>,
  { signal, onProgress }: SnapshotCall,
): Promise<{ readonly hashed: Hashed; readonly scanMs: number; readonly hashMs: number }> {
  const watch = new Stopwatch();
  const progress = new ProgressReport(onProgress);
  const engines = await openEngines(source);
  try {
    tree.startRound(directories, { engine: engines.scan, signal });
    await tree.list();
    const scanMs = watch.lap();
    progress.enter('hash');
    const hashed = await hash(tree, { cache: source.cache, engines, progress, signal });
    tree.confirmTop();
    return { hashed, scanMs, hashMs: watch.lap() };
  } finally {
    engines.close();
  }
}

/** A tree that was listed, and what the cache knew of it before. */
interface Scanned {
  readonly tree: Tree<DirectoryResult>;
  readonly subtree: string;
  /** The lines that listings are joined with, where the cache has lines. */
  readonly lines: StoredLines | undefined;
  /** The paths that were pending before the snapshot recorded anything: their files may be gone. */
  readonly pending: readonly string[];
  /** Problems of the rules above the directory. */
  readonly ruleProblems: readonly Problem[];
}

interface ScanningOptions {
  readonly progress: ProgressReport;
  readonly signal: AbortSignal | undefined;
  readonly keeper: TreeKeeper | undefined;
}

/**
 * Scans while it is not yet known whether the cache can be used, since checking its checksum takes as long as a third of the
 * scan; and once more, without the cache, where it cannot. Until then nothing that it said went any further.
 */
async function scanConfirmed(
  source: SnapshotSource,
  options: ScanningOptions,
): Promise<{ readonly scanned: Scanned; readonly engines: Engines }> {
  const isConfirmed = async () => (await source.cache?.confirm()) !== false;
  for (;;) {
    const engines = await openEngines(source);
    let scanned: Scanned | undefined;
    try {
      scanned = await scan(source, engines, options);
      if (await isConfirmed()) return { scanned, engines };
    } catch (error) {
      if (await isConfirmed()) {
        engines.close();
        throw error;
      }
    }
    scanned?.tree.close();
    engines.close();
    options.progress.startOver();
  }
}

/** Lists the tree, and joins each directory with the cache as soon as it is listed. */
async function scan(
  { root, subtree, top, cache, ignore, oneFileSystem, calls }: SnapshotSource,
  { scan: engine, lines }: Engines,
  { progress, signal, keeper }: ScanningOptions,
): Promise<Scanned> {
  const above = await rulesAbove(root.root, subtree, ignore);
  if (above.leftOut) {
    const { path: at, kind, rule } = above.leftOut;
    throw new LeftOutError({ path: subtree, at, why: kind === 'reserved' ? 'reserved' : 'ignored', rule });
  }
  const known = {
    cache,
    lines: lines && Buffer.from(lines.bytes.buffer, lines.bytes.byteOffset, lines.bytes.length),
    mustRead: keeper?.mustRead,
    lastResult: keeper?.lastResult,
  };
  const tree = new Tree<DirectoryResult>({
    root: root.root,
    path: subtree,
    identity: top,
    slice: lines && sliceOf(lines, subtree),
    engine,
    // Whoever watches knows files by their inodes.
    allDetails: () => keeper !== undefined || cache?.hasPending === true,
    calls: calls?.scan,
    ignore: above.rules,
    oneFileSystem,
    signal,
    onListed: (directory, listing) => {
      const before = directory.value;
      directory.value = judgeDirectory(directory, listing, known, before);
      progress.addFiles(Math.max(0, directory.value.files - (before?.files ?? 0)));
      keeper?.onListed(directory, listing);
    },
    onTouched: keeper?.onTouched,
    inotify: keeper?.inotify,
  });
  const pending = [...(cache?.pendingPaths() ?? [])];
  try {
    await tree.list();
  } catch (error) {
    tree.close();
    throw error;
  }
  const ruleProblems = above.problems.map((problem) => asProblemOfAll(root.root, problem));
  return { tree, subtree, lines, pending, ruleProblems };
}

/** Returns the lines of all that is below a directory. */
function sliceOf(lines: StoredLines, path: string): LineRange {
  if (path === '') return lines;
  // `0` is what comes after `/`: the first path that is not below the directory.
  return {
    from: lowerBound(lines, treePathToBytes(`${path}/`)),
    to: lowerBound(lines, treePathToBytes(`${path}0`)),
  };
}

/** Returns a problem of the rules above a subtree as one of the whole subtree. */
function asProblemOfAll(root: string, problem: Problem): Problem {
  const { path, message } = problem;
  if (path === '') return problem;
  const place = JSON.stringify(`${root}/${path}`);
  return { ...problem, path: '', operation: 'open', message: `${place}: ${message}` };
}

/** Hashes the misses, and saves beside it where that takes long. Then no directory is held open any more. */
async function hash(
  tree: Tree<DirectoryResult>,
  {
    cache,
    engines,
    progress,
    signal,
  }: {
    readonly cache: StatCache | undefined;
    readonly engines: Engines;
    readonly progress: ProgressReport;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Hashed> {
  let checkpoints: ReturnType<typeof startCheckpoints> | undefined;
  try {
    if (directoriesWithMisses(tree.listed).length === 0) return { files: 0, bytes: 0, uncached: 0, ahead: 0 };
    // Most snapshots have no miss, and do not wait for this to load.
    const { hashMisses, startCheckpoints } = await import('../hash/hash-misses.js');
    if (cache?.persistent) checkpoints = startCheckpoints(cache);
    const saving = checkpoints?.saving;
    const engine = await engines.hash(saving);
    const onProgress = progress.add.bind(progress);
    return await hashMisses(tree, { engine, cache, onProgress, signal, saving });
  } finally {
    tree.close();
    await checkpoints?.stop();
  }
}

/** The findings of a snapshot that the cache is pruned by. */
export interface Found extends Pick<Scanned, 'tree' | 'lines' | 'pending' | 'subtree'> {
  readonly assembled: Pick<Assembled, 'problems' | 'counts' | 'manifest'>;
  /** Files of the manifest that were not recorded. */
  readonly uncached: number;
}

/**
 * Removes the entries of files that are gone, and returns how many. Spares what lies at or below a problem, since it
 * was not seen, and what lies outside the subtree.
 */
export function prune(cache: StatCache, found: Found): number {
  const { tree, lines, pending, assembled, uncached, subtree } = found;
  const { problems, counts, manifest } = assembled;
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const unseen = unseenPaths(problems);
  const isKnown = (path: string) => {
    const own = path.slice(prefix.length);
    return manifest().has(own) || isAtOrBelow(unseen, own);
  };
  if (lines) {
    const gone = pending.filter((path) => path.startsWith(prefix) && !isKnown(path));
    const directories = directoriesOf(tree.top);
    return cache.removeLines(goneLines(directories)) + cache.remove([...excludedPaths(directories), ...gone]);
  }
  // Every other file was just looked up or recorded: as many entries as those means no entry without a file.
  if (subtree === '' && problems.length === 0 && cache.size === counts.files - uncached) return 0;
  return cache.prune({ has: isKnown }, { below: subtree });
}

/** Returns the lines whose files are gone or left out. A directory that was not fully listed has none. */
function goneLines(directories: readonly DirectoryNode<DirectoryResult>[]): readonly LineRange[] {
  const gone: LineRange[] = [];
  for (const { state, listing, excludedLines } of directories) {
    if (state !== 'listed' || !listing || listing.failed > 0) continue;
    if (listing.hasGone) for (const range of listing.gone) gone.push(range);
    if (excludedLines.length > 0) for (const range of excludedLines) gone.push(range);
  }
  return gone;
}

function excludedPaths(directories: readonly DirectoryNode<DirectoryResult>[]): readonly string[] {
  const excluded: string[] = [];
  for (const { prefix, excludedFiles } of directories)
    if (excludedFiles.length > 0) for (const name of excludedFiles) excluded.push(prefix + name);
  return excluded;
}

async function save(cache: StatCache): Promise<Error | undefined> {
  try {
    await cache.save();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Returns the snapshot. A function of its own, because a getter keeps alive whatever the function around it holds. */
function snapshotOf(
  { id, by, complete, problems, stats, rules, sizes }: Omit<Snapshot, 'manifest' | 'saveError'>,
  manifest: () => Manifest,
  saveError: Error | undefined,
): Snapshot {
  return {
    id,
    by,
    get manifest() {
      return manifest();
    },
    complete,
    problems,
    stats,
    rules,
    ...(sizes && { sizes }),
    ...(saveError && { saveError }),
  };
}

/** Measures the milliseconds from lap to lap. */
export class Stopwatch {
  #last = performance.now();

  lap(): number {
    const before = this.#last;
    this.#last = performance.now();
    return this.#last - before;
  }
}

/** Milliseconds between two reports. */
const REPORT_MS = 50;
/** Files that are found in some 2 ms. */
const FILES_A_LOOK = 500;

/** Counts what is done, and reports it some twenty times a second at most. */
class ProgressReport {
  #listener: ((progress: Progress) => void) | undefined;
  readonly #counts = { files: 0, hashedFiles: 0, filesToHash: 0, hashedBytes: 0, bytesToHash: 0 };
  #phase: Progress['phase'] = 'scan';
  #last = -Infinity;
  #filesAtLook = 0;

  constructor(listener: ((progress: Progress) => void) | undefined) {
    this.#listener = listener;
  }

  /** Adds files that were found, of each directory. */
  addFiles(files: number): void {
    this.#counts.files += files;
    // The clock takes longer than a directory.
    if (this.#counts.files - this.#filesAtLook < FILES_A_LOOK) return;
    this.#filesAtLook = this.#counts.files;
    this.#reportIfDue();
  }

  /** Adds to the counts. */
  add(counts: Partial<Omit<Progress, 'phase' | 'files'>>): void {
    this.#counts.hashedFiles += counts.hashedFiles ?? 0;
    this.#counts.filesToHash += counts.filesToHash ?? 0;
    this.#counts.hashedBytes += counts.hashedBytes ?? 0;
    this.#counts.bytesToHash += counts.bytesToHash ?? 0;
    this.#reportIfDue();
  }

  #reportIfDue(): void {
    if (this.#listener && performance.now() - this.#last >= REPORT_MS) this.#report();
  }

  /** Takes back what was counted. */
  startOver(): void {
    this.#counts.files = 0;
    this.#filesAtLook = 0;
  }

  /** Reports nothing any more. */
  end(): void {
    this.#listener = undefined;
  }

  /** Begins a phase, and reports it at once. */
  enter(phase: Progress['phase']): void {
    this.#phase = phase;
    this.#report();
  }

  #report(): void {
    this.#last = performance.now();
    this.#listener?.({ phase: this.#phase, ...this.#counts });
  }
}

/** Options of {@link openEngines}. */
export interface EngineOptions {
  readonly root: Pick<ResolvedRoot, 'root'>;
  /** Its lines are what listings are joined with. */
  readonly cache: Pick<StatCache, 'lines'> | undefined;
  /** The tree path of the directory to take; `''` is the root. */
  readonly subtree: string;
  /** The most threads that work at once. */
  readonly threads: number;
  /** The native engine, where there is one. */
  readonly native: NativeEngine | undefined;
  readonly pool: ThreadPool | undefined;
  /** The system calls of this thread, for tests that choose what happens between two of them. Default: the system's. */
  readonly calls?: { readonly scan: ScanCalls; readonly files: FileCalls } | undefined;
}

/** The engines of one snapshot. */
export interface Engines {
  /** The stored lines that listings are joined with, where the cache has lines. */
  readonly lines: StoredLines | undefined;
  readonly scan: ScanEngine;
  /** @param saving - resolves once no temporary file exists; see `TypeScriptHashOptions`. */
  hash(saving: (() => Promise<unknown> | undefined) | undefined): Promise<HashEngine>;
  /** Lets go of the root. Nothing may be under way. */
  close(): void;
}

/**
 * Returns the native engines where there are any and the tests choose no system calls, else those in TypeScript. Nothing
 * above knows which they are.
 */
export async function openEngines({
  root: { root },
  cache,
  pool,
  native,
  threads,
  subtree,
  calls,
}: EngineOptions): Promise<Engines> {
  const lines = sharedLines(cache?.lines);
  const hash = async (saving: Parameters<Engines['hash']>[0]) => {
    const { TypeScriptHashEngine } = await import('../hash/engine.js');
    return new TypeScriptHashEngine({ root, pool, calls: calls?.files, saving });
  };
  const opened = native && !calls ? openNativeRoot(native, root, threads) : undefined;
  if (opened) {
    return {
      lines,
      scan: new NativeScanEngine(opened, lines?.bytes),
      hash: async (saving) => {
        const { NativeHashEngine } = await import('../hash/engine.js');
        return new NativeHashEngine(opened, await hash(saving));
      },
      close: () => {
        opened.close();
      },
    };
  }
  if (lines && subtree === '') pool?.startFor('knownFiles', lines.count);
  const join = lines && {
    data: lines,
    join: ({ path, slice }: { readonly path: string; readonly slice: LineRange }) =>
      new LineJoin(lines, path, slice),
  };
  const { TypeScriptScanEngine } = await import('@muse/walker/scan');
  const scan = new TypeScriptScanEngine({ root, pool, calls: calls?.scan, ...join });
  return { lines, scan, hash, close: () => undefined };
}

/** Returns lines that worker threads read without a copy. */
function sharedLines(lines: StoredLines | undefined): StoredLines | undefined {
  if (!lines || lines.bytes.buffer instanceof SharedArrayBuffer) return lines;
  const bytes = new Uint8Array(new SharedArrayBuffer(lines.bytes.length));
  bytes.set(lines.bytes);
  return { ...lines, bytes };
}
