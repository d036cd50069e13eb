import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { toNativePath } from '@muse/paths';
import { createSnapshot, explain, type Snapshot } from '@muse/snapshot';

/** A package to build. */
export interface BuildTask {
  /** Its directory, as a tree path: `packages/app`. */
  readonly path: string;
  /** The directories whose content its output also depends on, as tree paths. */
  readonly uses?: readonly string[];
  /** Whatever else its output depends on: the command, its options, the versions of its tools. */
  readonly tools: string;
  /**
   * Ignored paths below `path` that `tools` accounts for, such as `node_modules` if it holds the hash of the lockfile.
   * Default: only the output.
   */
  readonly leftOut?: readonly string[];
  /** Writes the output to `<path>/<output>`. */
  readonly build: () => Promise<void>;
}

/** The directories of a build. */
export interface BuildCacheOptions {
  /** The directory that all packages are in. */
  readonly root: string;
  /** The directory that keeps the outputs. It must be outside the root, where no change can put results of its own. */
  readonly store: string;
  /** The directory that a build writes, in that of its package. It must be ignored: it is no source. Default: `dist`. */
  readonly output?: string;
}

/**
 * Builds packages in the order given, used ones first. A package is built only if its content, with that of what it
 * uses, was never built before; otherwise its output is taken from the store. Returns what was done for each.
 *
 * Rejects when something that no key holds could decide the result: a file that cannot be read, a link, a special file,
 * or an ignored file.
 */
export async function buildAll(
  tasks: readonly BuildTask[],
  { root: given, store, output = 'dist' }: BuildCacheOptions,
): Promise<Map<string, 'built' | 'restored'>> {
  const root = await realpath(given);
  await makeOutside(root, store);
  const done = new Map<string, 'built' | 'restored'>();
  for (const [index, task] of tasks.entries()) {
    const place = { root, path: `${task.path}/${output}` };
    const keyNow = () => keyOf(root, output, tasks.slice(0, index + 1), task.path);
    const key = await keyNow();
    await rm(nativePath(place), { recursive: true, force: true });
    if (await exists(join(store, key))) {
      await copyFiles({ root: store, path: key }, place);
      done.set(task.path, 'restored');
    } else {
      await task.build();
      // An output of sources that were edited since the snapshot does not belong to this key.
      if ((await keyNow()) === key) await keep(place, store, key);
      done.set(task.path, 'built');
    }
  }
  return done;
}

/** Returns the key of a package. It covers those of the packages it uses, because their tools decide its output, too. */
async function keyOf(
  root: string,
  output: string,
  tasks: readonly BuildTask[],
  path: string,
  known = new Map<string, string>(),
): Promise<string> {
  const task = tasks.find((each) => each.path === path);
  const ignored = task ? [output, ...(task.leftOut ?? [])] : [];
  // The id of a directory is the same wherever it lies, so its name is a part of the key.
  const parts = [path, await idOf(root, path, ignored)];
  if (task) {
    parts.push(output, task.tools, process.version, process.platform, process.arch);
    for (const used of task.uses ?? []) {
      const key =
        known.get(used) ?? (await keyOf(root, output, tasks.slice(0, tasks.indexOf(task)), used, known));
      known.set(used, key);
      parts.push(key);
    }
  }
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Returns the id of a directory, in which nothing but `ignored` may be left out. */
async function idOf(root: string, path: string, ignored: readonly string[]): Promise<string> {
  const { outcome } = await explain(root, path, { cache: false });
  if (outcome !== 'directory')
    throw new Error(`Cannot use ${JSON.stringify(path)} as a key: it is ${outcome}`);
  const at = new Set<string>();
  for (const name of ignored) {
    const found = await explain(root, `${path}/${name}`, { cache: false });
    if (found.outcome === 'ignored') at.add(found.at);
    else if (found.outcome === 'directory') {
      throw new Error(
        `Cannot use ${JSON.stringify(path)} as a key: add ${JSON.stringify(name)} to .museignore`,
      );
    }
  }
  const snapshot = await createSnapshot(root, { subtree: path });
  refuseHidden(path, snapshot, at.size);
  return snapshot.id;
}

/** Throws if the id does not cover all that is there. */
function refuseHidden(path: string, { problems, stats }: Snapshot, ignored = 0): void {
  const hidden = problems.map(({ path: file, message }) => `${JSON.stringify(file)}: ${message}`);
  for (const [kind, count] of Object.entries(stats.leftOut)) {
    const more = kind === 'ignored' ? count - ignored : count;
    if (more > 0) hidden.push(`${more} ${kind}`);
  }
  if (hidden.length > 0) {
    throw new Error(
      `Cannot use ${JSON.stringify(path)} as a key, its id does not cover all of it (${hidden.join(', ')}): remove that`,
    );
  }
}

/** A directory below another one, with no link on the way. */
interface Place {
  readonly root: string;
  readonly path: string;
}

function nativePath({ root, path }: Place, file?: string): string | Buffer {
  return toNativePath(root, file === undefined ? path : `${path}/${file}`);
}

/** Keeps an output, whole or not at all: an interrupted copy must not be taken for a finished build. */
async function keep(from: Place, store: string, key: string): Promise<void> {
  const root = await mkdtemp(join(store, '.tmp-'));
  try {
    await copyFiles(from, { root, path: key });
    await rename(join(root, key), join(store, key));
  } catch (error) {
    // Somebody else may have built the same meanwhile.
    if (!(await exists(join(store, key)))) throw error;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Copies regular files to a directory that it makes; refuses anything else, and what changes meanwhile. */
async function copyFiles(from: Place, to: Place): Promise<void> {
  const filesOf = ({ root, path }: Place) =>
    createSnapshot(root, { subtree: path, cache: false, ignore: false });
  const files = await filesOf(from);
  refuseHidden(from.path, files);
  await mkdir(nativePath(to));
  for (const file of files.manifest.keys()) {
    const end = file.lastIndexOf('/');
    if (end > 0) await mkdir(nativePath(to, file.slice(0, end)), { recursive: true });
    await copyFile(nativePath(from, file), nativePath(to, file), constants.COPYFILE_EXCL);
  }
  if ((await filesOf(to)).id !== files.id) {
    throw new Error(`Cannot copy ${JSON.stringify(from.path)}: it changed meanwhile`);
  }
}

/** Makes the store. Throws if it is inside the root. */
async function makeOutside(root: string, store: string): Promise<void> {
  const isInside = (path: string) => {
    const way = relative(root, path);
    return !isAbsolute(way) && way.split(sep)[0] !== '..';
  };
  if (!isInside(store)) await mkdir(store, { recursive: true, mode: 0o700 });
  if (isInside(store) || isInside(await realpath(store))) {
    throw new Error(`Cannot keep outputs in ${JSON.stringify(store)}: it is inside ${JSON.stringify(root)}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
