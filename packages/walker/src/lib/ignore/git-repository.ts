import { constants, type Stats } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { openLongPath, toFsPath, treePathFromBytes } from '@muse/paths';
import { FileReadError, readGuarded } from '@muse/paths/files';
import { isMoved, problemOf } from '../problems.js';

/** The repository of a working tree. */
export interface Repository {
  /** The native path of the directory that all its working trees share. */
  readonly common: string;
  /** The owners of everything that leads to it: `.git` itself, and the directories behind it. */
  readonly owners: readonly { readonly file: string; readonly uid: number }[];
}

/** Something called `.git` may be a repository, but cannot be read as one. */
export class RepositoryError extends Error {
  override readonly name = 'RepositoryError';
  /** The native path that cannot be read. */
  readonly file: string;
  readonly code: string;
  /** Why, without the path. */
  readonly reason: string;
  /** True where it could be read, and is no repository. */
  get isNone(): boolean {
    return this.code === 'ENOTREPO';
  }

  constructor(file: string, code: string, reason: string, cause?: unknown) {
    super(`Cannot read the repository ${JSON.stringify(file)}: ${reason}`, { cause });
    this.file = file;
    this.code = code;
    this.reason = reason;
  }
}

/** Bytes. Git takes no larger `.git` file either. */
const MAX_BYTES = 1 << 20;
const LEADS = 'gitdir: ';

/**
 * Returns the repository whose working tree has its top at a directory, as git finds it; undefined where there is none.
 *
 * @throws RepositoryError where that cannot be told, or where a `.git` file leads to none: git refuses to work there.
 */
export async function repositoryAt(top: string): Promise<Repository | undefined> {
  const path = below(top, '.git');
  const named = await look(path, lstat);
  const target = named?.isSymbolicLink() === true ? await look(path, stat) : named;
  if (!named || !target) return undefined;
  if (!target.isDirectory() && !target.isFile()) return undefined;
  const directory = target.isFile() ? await readGitFile(path) : path;
  const common = await commonOf(directory);
  if (common !== undefined) return { common, owners: await ownersOf(named, path, directory, common) };
  if (target.isDirectory()) return undefined;
  throw notOne(path, `it leads to no repository: ${JSON.stringify(directory)}`);
}

/** Returns whether a directory is a repository itself, and not the top of a working tree: git looks no further up. */
export async function isBareRepository(directory: string): Promise<boolean> {
  return (await commonOf(directory)) !== undefined;
}

async function ownersOf(named: Stats, path: string, ...behind: string[]): Promise<Repository['owners']> {
  const owners = [{ file: path, uid: named.uid }];
  for (const file of behind) {
    const found = await look(file, stat);
    if (found) owners.push({ file, uid: found.uid });
  }
  return owners;
}

/** Returns where a `.git` file leads, relative to its own directory. All bytes count, but not the line ends after them. */
async function readGitFile(path: string): Promise<string> {
  const text = await readPath(path);
  if (text.startsWith(LEADS) && text.length > LEADS.length)
    return below(dirname(path), text.slice(LEADS.length));
  throw notOne(path, `it must be "${LEADS}" and a path`);
}

/**
 * Returns the directory that a repository shares with its other working trees, itself where it is the only one; undefined
 * where it is no repository: git asks for a `HEAD` that can be one, for `objects` and for `refs`.
 */
async function commonOf(directory: string): Promise<string | undefined> {
  if (!(await hasHead(directory))) return undefined;
  const common = await readCommon(directory);
  const isOne = (await mayEnter(below(common, 'objects'))) && (await mayEnter(below(common, 'refs')));
  return isOne ? common : undefined;
}

async function hasHead(directory: string): Promise<boolean> {
  const path = below(directory, 'HEAD');
  const found = await look(path, lstat);
  if (found?.isSymbolicLink() === true) {
    const leads = await attempt(path, (native) => readlink(native, 'buffer'));
    return leads.toString('latin1').startsWith('refs/');
  }
  if (found?.isFile() !== true) return false;
  const text = (await readSmall(path)).toString('latin1');
  return /^ref:[ \t\n\r]*refs\/|^[0-9a-fA-F]{40}/.test(text);
}

async function readCommon(directory: string): Promise<string> {
  const path = below(directory, 'commondir');
  if (!(await look(path, lstat))) return directory;
  const text = await readPath(path);
  if (text === '') throw notOne(path, 'it must be a path');
  const real = await attempt(below(directory, text), (native) => realpath(native, 'buffer'));
  return treePathFromBytes(real);
}

async function mayEnter(path: string): Promise<boolean> {
  const found = await look(path, stat);
  if (!found) return false;
  const mode = constants.X_OK;
  // A file in its place is none, but a directory that nobody may enter could be one.
  if (found.isDirectory()) return attempt(path, (native) => access(native, mode)).then(() => true);
  return access(toFsPath(path), mode).then(
    () => true,
    () => false,
  );
}

/** Not made simple: `..` after a link is not what stands before it. */
function below(directory: string, path: string): string {
  if (isAbsolute(path)) return path;
  return directory.endsWith('/') ? directory + path : `${directory}/${path}`;
}

/** Reads a file that holds a path. As in C it ends at a NUL. */
async function readPath(path: string): Promise<string> {
  const bytes = await readSmall(path);
  const nul = bytes.indexOf(0);
  return treePathFromBytes(nul < 0 ? bytes : bytes.subarray(0, nul)).replace(/[\r\n]+$/, '');
}

async function readSmall(path: string): Promise<Buffer> {
  try {
    return (await readGuarded(path, { maxBytes: MAX_BYTES, follow: true })).bytes;
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    throw new RepositoryError(path, error.code, error.reason, error);
  }
}

function notOne(path: string, reason: string): RepositoryError {
  return new RepositoryError(path, 'ENOTREPO', reason);
}

/** Returns undefined where there is nothing, or a link that leads nowhere. */
async function look(
  path: string,
  how: (path: string | Buffer) => Promise<Stats>,
): Promise<Stats | undefined> {
  return attempt(path, (native) => {
    return how(native).catch((error: unknown) => {
      if (isMoved(error)) return undefined;
      throw error;
    });
  });
}

async function attempt<T>(path: string, how: (path: string | Buffer) => Promise<T>): Promise<T> {
  let reached;
  try {
    reached = openLongPath(toFsPath(path));
    return await how(reached.path);
  } catch (error) {
    const { code, message } = problemOf('', '', error);
    throw new RepositoryError(path, code, message, error);
  } finally {
    reached?.close();
  }
}
