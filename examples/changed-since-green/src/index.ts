import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSnapshot, diffManifests, formatManifest, parseManifest, type Manifest } from '@muse/snapshot';

/** What a run of the tests is about. */
export interface TestRun {
  /** The files to test: tree paths, in path order. All of them where there was no green run, or its record is damaged. */
  readonly changed: readonly string[];
  /** Files that were there at the last green run, and are gone: tree paths. */
  readonly gone: readonly string[];
  /** Keeps what is tested here as green. Call it when the tests have passed. */
  markGreen(): Promise<void>;
}

/**
 * Begins a run of the tests: what changed in `root` since the one that `record` tells of. That is a file outside of the
 * root, or ignored there, which the next run needs: put it where your CI keeps caches.
 *
 * Rejects when the tree cannot be read completely: a file that is not seen would never be tested.
 */
export async function beginRun(root: string, record: string): Promise<TestRun> {
  const snapshot = await createSnapshot(root);
  const [problem] = snapshot.problems;
  if (problem) throw new Error(`Cannot read ${JSON.stringify(problem.path)}: ${problem.message}`);
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

/** Without a record, and with one that cannot be read, nothing is known to be green. */
async function recorded(record: string): Promise<Manifest> {
  try {
    return parseManifest(await readFile(record));
  } catch {
    return new Map();
  }
}

async function replace(file: string, chunks: Iterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for (const chunk of chunks) await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
