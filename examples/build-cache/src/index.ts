import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSnapshotManifest, computeSnapshotId, subtree, type Manifest } from '@muse/snapshot';

/** A package to build. */
export interface BuildTask {
  /** Its directory, as a tree path: `packages/app`. */
  readonly path: string;
  /** The directories whose content its output also depends on, as tree paths. */
  readonly uses?: readonly string[];
  /** What else its output depends on, such as the command and the versions of its tools. */
  readonly tools: string;
  /** Writes the output to `<path>/<output>`. */
  readonly build: () => Promise<void>;
}

/** Where the outputs of builds are kept. */
export interface BuildCacheOptions {
  /** The directory that all packages are in. */
  readonly root: string;
  /** The directory that keeps the outputs, outside of the root or ignored there. */
  readonly store: string;
  /** The directory that a build writes, in that of its package. It must be ignored: it is no source. Default: `dist`. */
  readonly output?: string;
}

/**
 * Builds packages in their order, each only if its content, with that of what it uses, was never built before; otherwise
 * its output is taken from the store. Returns what was done for each.
 *
 * Rejects when the tree cannot be read completely: a key that lacks a file would fit two contents.
 */
export async function buildAll(
  tasks: readonly BuildTask[],
  { root, store, output = 'dist' }: BuildCacheOptions,
): Promise<Map<string, 'built' | 'restored'>> {
  const manifest = await buildSnapshotManifest(root);
  const done = new Map<string, 'built' | 'restored'>();
  for (const task of tasks) {
    const key = keyOf(task, manifest);
    const kept = join(store, key);
    const target = join(root, task.path, output);
    await rm(target, { recursive: true, force: true });
    if (await exists(kept)) {
      await cp(kept, target, { recursive: true });
      done.set(task.path, 'restored');
    } else {
      await task.build();
      // An output of sources that were edited since the snapshot does not belong to this key.
      if (keyOf(task, await buildSnapshotManifest(root)) === key) await keep(target, kept, store);
      done.set(task.path, 'built');
    }
  }
  return done;
}

/** The id of a directory is the same wherever it lies, so its name is a part of the key. */
function keyOf({ path, uses = [], tools }: BuildTask, manifest: Manifest): string {
  const key = createHash('sha256').update(tools);
  for (const each of [path, ...uses]) {
    key.update(`\0${each}\0${computeSnapshotId(subtree(manifest, each))}`);
  }
  return key.digest('hex');
}

/** Whole or not at all: a build that is interrupted here must not be taken for one that was finished. */
async function keep(target: string, kept: string, store: string): Promise<void> {
  await mkdir(store, { recursive: true });
  const temporary = await mkdtemp(join(store, '.tmp-'));
  try {
    await cp(target, temporary, { recursive: true });
    await rename(temporary, kept);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Somebody else built the same meanwhile.
    if (!(await exists(kept))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
