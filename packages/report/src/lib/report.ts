import { areTreePathsSorted, compareTreePaths, sortTreePaths, withPath } from '@muse/paths';
import type { Manifest, ParsedSnapshot, Snapshot, SnapshotDiff } from '@muse/snapshot';
import { encodeTree } from './encode-tree.js';
import type { Kind, ProblemData, ReportData, ReportFile, SideData } from './report-data.js';

/** One side of a comparison. */
export interface ReportSide {
  /** The name that it was called by. */
  readonly name: string;
  /** What is compared of it. */
  readonly snapshot: ParsedSnapshot;
  /** The snapshot that was taken for it, if one was: it knows sizes, and what it left out. */
  readonly taken?: Pick<Snapshot, 'sizes' | 'stats'> | undefined;
  readonly saved?: { readonly savedAt: Date; readonly note: string } | undefined;
}

/** A comparison of two snapshots. */
export interface ReportedComparison {
  /** What the tree is called, if it has a name. */
  readonly title?: string | undefined;
  readonly before: ReportSide;
  readonly after: ReportSide;
  readonly diff: SnapshotDiff;
  /** What is wrong with saved snapshots that were passed over. */
  readonly damaged: readonly string[];
  readonly made: Date;
}

/**
 * Returns all that a page shows of a comparison.
 *
 * A snapshot that was saved keeps no sizes. But equal ids are equal contents, so the sizes of a snapshot that was just taken
 * are known on the other side as well, for all that is in both.
 */
export function reportOf({ title, before, after, diff, damaged, made }: ReportedComparison): ReportData {
  const sizes = new Map<string, number>([...(before.taken?.sizes ?? []), ...(after.taken?.sizes ?? [])]);
  return {
    version: 1,
    title,
    made: made.toISOString(),
    before: sideOf(before, sizes),
    after: sideOf(after, sizes),
    tree: encodeTree(filesOf(before.snapshot.manifest, after.snapshot.manifest, diff, sizes)),
    problems: [...problemsOf('before', before), ...problemsOf('after', after)],
    damaged,
  };
}

type Sizes = ReadonlyMap<string, number>;

/** Yields the files of both sides in path order. */
function* filesOf(before: Manifest, after: Manifest, diff: SnapshotDiff, sizes: Sizes): Iterable<ReportFile> {
  let kinds = new Map<string, Kind>();
  for (const kind of ['added', 'modified', 'deleted'] as const) {
    for (const { path } of diff[kind]) kinds = withPath(kinds, path, kind);
  }
  for (const path of diff.unknown) kinds = withPath(kinds, path, 'unknown');
  let from = new Map<string, string>();
  for (const renamed of diff.renamed) {
    kinds = withPath(kinds, renamed.to, 'renamed');
    from = withPath(from, renamed.to, renamed.from);
  }
  const gone = sortTreePaths([...kinds.keys()].filter((path) => !after.has(path)));
  const there = areTreePathsSorted(after.keys()) ? after.keys() : sortTreePaths([...after.keys()]);
  for (const path of merged(there, gone)) {
    const id = after.get(path) ?? before.get(path);
    if (id === undefined) throw new Error(`Broken diff: ${JSON.stringify(path)} is on neither side`);
    const kind = kinds.get(path) ?? 'unchanged';
    const old = kind === 'renamed' ? from.get(path) : undefined;
    yield { path, kind, bytes: sizes.get(id), ...(old !== undefined && { from: old }) };
  }
}

/** Yields paths in order, of two lists that are. */
function* merged(many: Iterable<string>, few: readonly string[]): Iterable<string> {
  let at = 0;
  for (const path of many) {
    for (let next = few[at]; next !== undefined && compareTreePaths(next, path) < 0; next = few[++at])
      yield next;
    yield path;
  }
  yield* few.slice(at);
}

function sideOf({ name, snapshot, taken, saved }: ReportSide, sizes: Sizes): SideData {
  const { id, manifest, complete } = snapshot;
  let bytes: number | undefined = 0;
  for (const objectId of manifest.values()) {
    const size = sizes.get(objectId);
    bytes = size === undefined || bytes === undefined ? undefined : bytes + size;
  }
  return {
    name,
    id,
    complete,
    files: manifest.size,
    ...(bytes !== undefined && { bytes }),
    ...(saved && { savedAt: saved.savedAt.toISOString(), note: saved.note }),
    ...(taken && { leftOut: taken.stats.leftOut }),
  };
}

function problemsOf(side: ProblemData['side'], { snapshot }: ReportSide): ProblemData[] {
  return snapshot.problems.map(({ path, kind, message, code }) => ({
    side,
    path,
    kind,
    message: `${message} (${code})`,
  }));
}
