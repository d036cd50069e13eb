import { mkdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { readGuarded, replaceFile } from '@muse/paths/files';
import {
  createSnapshot,
  diffManifests,
  explain,
  formatManifest,
  parseManifest,
  type Manifest,
  type Snapshot,
} from '@muse/snapshot';

/** A run of the tests. */
export interface TestRun {
  /** The tree paths of the files to test, in path order: all if there was no green run, or its record is damaged. */
  readonly changed: readonly string[];
  /** The tree paths of files that were there at the last green run, and are gone. */
  readonly gone: readonly string[];
  /** Records as green what is tested here. Call it when the tests have passed. */
  markGreen(): Promise<void>;
}

/** Options of {@link beginRun}. */
export interface RunOptions {
  /** Ignored paths that no test depends on, or only by way of a listed file, such as `node_modules`. Default: none. */
  readonly leftOut?: readonly string[];
}

/** More than the manifest of a million files takes. */
const MAX_RECORD_BYTES = 2 ** 28;

/**
 * Begins a run of the tests of what changed in `root` since the run that `record` tells of: a file outside the root, which
 * the next run needs. Put it where your CI keeps caches.
 *
 * Rejects when something that no manifest holds could decide a test: a file that cannot be read, a link, a special file,
 * or an ignored file. It would never be tested.
 */
export async function beginRun(
  root: string,
  record: string,
  { leftOut = [] }: RunOptions = {},
): Promise<TestRun> {
  await refuseInside(root, record);
  const snapshot = await createSnapshot(root);
  await refuseHidden(root, snapshot, ['.git', '.muse', ...leftOut]);
  const { added, modified, deleted, renamed } = diffManifests(await recorded(record), snapshot.manifest);
  const changed = new Set([...added, ...modified].map(({ path }) => path));
  for (const { to } of renamed) changed.add(to);
  return {
    changed: [...snapshot.manifest.keys()].filter((path) => changed.has(path)),
    gone: [...deleted.map(({ path }) => path), ...renamed.map(({ from }) => from)],
    // The manifest from before the tests: what is edited while they run was not tested.
    markGreen: () => replaceFile(record, formatManifest(snapshot, 'json'), { prefix: '.green_' }),
  };
}

/** Makes the directory of the record. Throws if it is inside the root, where a change could bring a record of its own. */
async function refuseInside(root: string, record: string): Promise<void> {
  const isInside = (top: string, directory: string) => {
    const way = relative(top, directory);
    return !isAbsolute(way) && way.split(sep)[0] !== '..';
  };
  const directory = dirname(record);
  const outside = !isInside(root, directory);
  if (outside) await mkdir(directory, { recursive: true });
  if (!outside || isInside(await realpath(root), await realpath(directory))) {
    throw new Error(`Cannot keep the record ${JSON.stringify(record)}: it is inside ${JSON.stringify(root)}`);
  }
}

/** Throws if the manifest lacks anything that is there, other than these paths. */
async function refuseHidden(
  root: string,
  { problems, stats }: Snapshot,
  leftOut: readonly string[],
): Promise<void> {
  const known = { ignored: new Set<string>(), reserved: new Set<string>() };
  for (const path of leftOut) {
    const found = await explain(root, path, { cache: false });
    if (found.outcome === 'ignored' || found.outcome === 'reserved') known[found.outcome].add(found.at);
  }
  const hidden = problems.map(({ path, message }) => `${JSON.stringify(path)}: ${message}`);
  for (const [kind, count] of Object.entries(stats.leftOut)) {
    const more = count - (kind in known ? known[kind as keyof typeof known].size : 0);
    if (more > 0) hidden.push(`${more} ${kind}`);
  }
  if (hidden.length > 0) {
    throw new Error(
      `Cannot tell what changed in ${JSON.stringify(root)}, its manifest lacks a part (${hidden.join(', ')}): remove it, or name it in leftOut`,
    );
  }
}

/** Returns the manifest of the last green run; an empty one if there is no record, or it cannot be read. */
async function recorded(record: string): Promise<Manifest> {
  try {
    const { bytes } = await readGuarded(record, { maxBytes: MAX_RECORD_BYTES });
    return parseManifest(bytes);
  } catch {
    return new Map();
  }
}
