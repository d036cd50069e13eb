import { randomUUID } from 'node:crypto';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { readGuarded } from '@muse/paths/files';
import {
  createSnapshot,
  diffManifests,
  explain,
  formatManifest,
  parseManifest,
  type Manifest,
  type Snapshot,
} from '@muse/snapshot';

/** What a run of the tests is about. */
export interface TestRun {
  /** The files to test: tree paths, in path order. All of them where there was no green run, or its record is damaged. */
  readonly changed: readonly string[];
  /** Files that were there at the last green run, and are gone: tree paths. */
  readonly gone: readonly string[];
  /** Keeps what is tested here as green. Call it when the tests have passed. */
  markGreen(): Promise<void>;
}

/** What the caller knows of the tree. */
export interface RunOptions {
  /** What is ignored and no test depends on, or only as a listed file says: `node_modules`. Default: nothing. */
  readonly leftOut?: readonly string[];
}

/** More than the manifest of a million files takes. */
const MAX_RECORD_BYTES = 2 ** 28;

/**
 * Begins a run of the tests: what changed in `root` since the one that `record` tells of. That is a file outside the
 * root, which the next run needs: put it where your CI keeps caches.
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
    markGreen: () => replace(record, formatManifest(snapshot, 'json')),
  };
}

/** Makes the directory of the record; throws where it is inside the root, so that a change could bring its own. */
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

/** Throws where the manifest does not tell all that is there, but for these. */
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
      `Cannot tell what changed in ${JSON.stringify(root)}, its manifest lacks a part (${hidden.join(', ')}): remove that`,
    );
  }
}

/** Without a record, and with one that cannot be read, nothing is known to be green. */
async function recorded(record: string): Promise<Manifest> {
  try {
    const { bytes } = await readGuarded(record, { maxBytes: MAX_RECORD_BYTES });
    return parseManifest(bytes);
  } catch {
    return new Map();
  }
}

/** Replaces the file, or a link in its place, as a whole. */
async function replace(file: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    try {
      for (const chunk of chunks) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
