import { compareTreePaths } from '@muse/paths';
import type { MissReason, StatCache } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { isAtOrBelow, unseenPaths } from '../manifest/manifest.js';
import { allNamed } from '../take/assemble.js';
import { rulesOf, updateTree, type SnapshotSource, type Stopwatch } from '../take/take-snapshot.js';
import type { ChangesOptions, Manifest, Snapshot, SnapshotCall, SnapshotStats } from '../types.js';
import type { Directory, FlatId } from './flat-id.js';
import type { Mounts } from './mounts.js';
import {
  directoriesChanged,
  filesChanged,
  type DirectoryState,
  type Replaced,
  type Version,
} from './versions.js';
import type { WatchedTree } from './watched-tree.js';

/** Listings for one answer: another name for a file makes a second one due, of all directories. */
const MOST_PASSES = 2;

/** A tree that is watched, and what must not have changed for its events to be the whole truth. */
export interface Armed {
  readonly tree: WatchedTree;
  readonly flatId: FlatId;
  readonly source: SnapshotSource;
  readonly rules: string;
  readonly mounts: Mounts;
  /** The rules that were last found to be the same. */
  same: Pick<SnapshotSource, 'ignore' | 'texts'>;
  counts: Counts;
  last: Snapshot;
}

type Counts = Pick<SnapshotStats, 'files' | 'bytes' | 'directories' | 'leftOut'>;

/** Thrown where a directory changed and no event told, so that events cannot be relied on. */
export class UntoldChangeError extends Error {
  constructor(path: string) {
    super(
      `Nothing told of a change to ${JSON.stringify(path)}, so the tree is watched no more; each snapshot is taken by a scan`,
    );
  }
}

/**
 * Lists what events tell of, and the directories that are audited. Returns why that is not the whole truth, if it is not.
 */
export async function update(
  armed: Armed,
  call: SnapshotCall & ChangesOptions,
  watch: Stopwatch,
  audited: readonly Directory[] = [],
): Promise<string | undefined> {
  const { tree, source, flatId, last } = armed;
  const { cache } = source;
  const listed = new Set<Directory>();
  const hashed = { files: 0, bytes: 0, ahead: 0 };
  let by: Snapshot['by'] = 'events';
  let replaced: Replaced = new Map();
  for (let pass = 1; pass <= MOST_PASSES; pass++) {
    const due = tree.startListing(audited);
    if (due.size === 0) break;
    if (pass > 1) by = 'scan';
    const updated = await updateTree(source, tree.tree, due, call);
    hashed.files += updated.hashed.files;
    hashed.bytes += updated.hashed.bytes;
    hashed.ahead += updated.hashed.ahead;
    const surprise = audited.length === 0 ? undefined : tree.findSurprise(audited);
    if (surprise !== undefined) throw new UntoldChangeError(surprise);
    const finished = tree.finish();
    replaced = finished.replaced;
    for (const directory of finished.listed) listed.add(directory);
    if (!finished.isAllDue) break;
  }
  // What one pass listed may be gone after the next.
  for (const directory of listed) if (directory.state === 'detached') listed.delete(directory);
  const scan = watch.lap();
  if (tree.tree.top.state !== 'listed') return 'the root was replaced';
  if (replaced.size === 0) {
    armed.last = unchanged(tree.version, last, scan);
    return undefined;
  }
  const misses = countMisses(listed);
  settle(tree, cache, listed);
  addChanges(armed.counts, replaced);
  const { top } = tree.tree;
  const problems = [...tree.ruleProblems, ...problemsOf(tree)];
  for (const directory of replaced.keys()) flatId.changedIn(directory);
  const { before, after } = filesChanged(replaced, top);
  const gone = [...before.keys()].filter((path) => !after.has(path));
  const first = firstDifference(before, after, gone);
  if (first !== undefined) flatId.changed(top.prefix + first);
  const unseen = unseenPaths(problems);
  const pruned =
    cache?.remove(gone.filter((path) => !isAtOrBelow(unseen, path)).map((path) => top.prefix + path)) ?? 0;
  const { knownId } = tree.version;
  tree.commit(first === undefined);
  const { version } = tree;
  if (first === undefined) version.knownId = knownId;
  else if (call.deferId !== true) version.knownId = await flatId.make(call.signal);
  const hash = watch.lap();
  const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
  const { files, bytes, directories, leftOut } = armed.counts;
  const stats = {
    files,
    bytes,
    directories,
    leftOut: { ...leftOut },
    hits: files - missed,
    misses,
    hashedFiles: hashed.files,
    hashedBytes: hashed.bytes,
    racy: cache?.racy ?? 0,
    ahead: hashed.ahead,
    pruned,
    milliseconds: { load: 0, scan, hash, save: 0, total: scan + hash },
  };
  const complete = problems.length === 0;
  const rules = rulesOf(source, tree.tree.top);
  armed.last = snapshotAt(version, { by, complete, problems, stats, rules });
  return undefined;
}

/** Ends an answer for the directories that were listed: asks again for those whose files the cache cannot vouch for. */
export function settle(tree: WatchedTree, cache: StatCache | undefined, listed: Iterable<Directory>): void {
  for (const directory of listed) {
    const { value } = directory;
    if (!value || value.misses === 0) continue;
    value.settle(cache);
    if (!value.isTrusted) tree.askAgain(directory);
  }
}

function countMisses(listed: Iterable<Directory>): Record<MissReason, number> {
  const misses = noMisses();
  for (const { value } of listed) value?.countMisses(misses);
  return misses;
}

function noMisses(): Record<MissReason, number> {
  return { new: 0, size: 0, mtime: 0, ctime: 0, inode: 0, racy: 0, 'cache-reset': 0 };
}

/** Adds to the counts of a tree what changed in it. */
function addChanges(counts: Counts, replaced: Replaced): void {
  for (const { before, after } of directoriesChanged(replaced)) {
    if (before) addState(counts, before, -1);
    if (after) addState(counts, after, 1);
  }
}

function addState(counts: Counts, { listing, value, leftOut }: DirectoryState, sign: 1 | -1): void {
  if (listing) counts.directories += sign;
  for (const [kind, count] of Object.entries(leftOut))
    counts.leftOut[kind as keyof typeof leftOut] += sign * count;
  if (!value) return;
  const { unread, surplus } = value;
  counts.files += sign * (value.files - unread.length);
  counts.bytes += sign * (value.bytes + surplus - unread.reduce((sum, entry) => sum + value.size(entry), 0));
}

/** Returns the problems of a tree: what has any is listed at each question. */
function problemsOf(tree: WatchedTree): readonly Problem[] {
  const problems: Problem[] = [];
  const withoutId: string[] = [];
  const start = tree.tree.top.prefix.length;
  for (const { problems: own, prefix, value } of tree.untold) {
    for (const problem of [...own, ...(value?.problems ?? [])])
      problems.push(start === 0 ? problem : { ...problem, path: problem.path.slice(start) });
    for (const entry of value?.unread ?? [])
      withoutId.push(prefix.slice(start) + (value?.nameOf(entry) ?? ''));
  }
  return allNamed(problems, withoutId);
}

/** Returns the first path, in path order, at which two manifests differ; `undefined` where they do not. */
function firstDifference(before: Manifest, after: Manifest, gone: readonly string[]): string | undefined {
  const different = [...gone];
  for (const [path, id] of after) if (before.get(path) !== id) different.push(path);
  return different.length === 0
    ? undefined
    : different.reduce((a, b) => (compareTreePaths(b, a) < 0 ? b : a));
}

/** A function of its own, because a getter keeps alive whatever the function around it holds. */
export function snapshotAt(version: Version, fields: Omit<Snapshot, 'id' | 'manifest'>): Snapshot {
  return {
    ...fields,
    get id() {
      return version.id;
    },
    get manifest() {
      return version.manifest;
    },
  };
}

function unchanged(version: Version, last: Snapshot, total: number): Snapshot {
  const { complete, problems, rules, stats } = last;
  const milliseconds = { load: 0, scan: total, hash: 0, save: 0, total };
  const idle = {
    hits: stats.files,
    misses: noMisses(),
    hashedFiles: 0,
    hashedBytes: 0,
    pruned: 0,
    milliseconds,
  };
  return snapshotAt(version, { by: 'events', complete, problems, rules, stats: { ...stats, ...idle } });
}
