import { constants, type BigIntStats } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { holdBelow, parseTreePath, toNativePath, treePathFromBytes, treePathToBytes } from '@muse/paths';
import { codeOf } from '../problems.js';

/** A root that is there. */
export interface ResolvedRoot {
  /** Its native path, absolute and with its links resolved; may hold escaped bytes. */
  readonly root: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * Resolves a root once, links included. Rejects with an error that has the system's `code` and the `path` when it does
 * not exist or cannot be reached or listed, and the code `ENOTDIR` when it is no directory.
 */
export async function resolveRoot(root: string): Promise<ResolvedRoot> {
  try {
    return await identify(await realpath(toNativePath(root, ''), 'buffer'));
  } catch (error) {
    throw rootError(root, error);
  }
}

/** Looks at a root that was resolved before, and rejects as {@link resolveRoot} does. By now a link is no directory. */
export async function revisitRoot({ root }: ResolvedRoot): Promise<ResolvedRoot> {
  try {
    return await identify(treePathToBytes(root));
  } catch (error) {
    throw rootError(root, error);
  }
}

/**
 * Looks at a directory below a root that was resolved, and rejects as {@link resolveRoot} does. A link is no directory,
 * neither there nor on the way. Throws a `SyntaxError` when `path` is no tree path.
 */
export async function resolveSubtree(root: ResolvedRoot, path: string): Promise<ResolvedRoot> {
  parseTreePath(path);
  try {
    const { dev, ino } = (await identifyHeld(root, path)) ?? (await identifyByPath(root, path));
    return { root: root.root, dev, ino };
  } catch (error) {
    throw rootError(path, error, 'directory');
  }
}

async function identifyHeld(root: ResolvedRoot, path: string): Promise<BigIntStats | undefined> {
  const held = holdBelow(root.root, path, { identity: root });
  if (!held) return undefined;
  try {
    await access(held.path, constants.R_OK | constants.X_OK);
    return held.stat();
  } finally {
    held.close();
  }
}

async function identifyByPath({ root }: ResolvedRoot, path: string): Promise<ResolvedRoot> {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
    await lstatDirectory(toNativePath(root, path.slice(0, end)));
  }
  return identify(asBytes(toNativePath(root, path)));
}

async function identify(real: Buffer): Promise<ResolvedRoot> {
  const stat = await lstatDirectory(real);
  await access(real, constants.R_OK | constants.X_OK);
  return { root: treePathFromBytes(real), dev: stat.dev, ino: stat.ino };
}

async function lstatDirectory(path: string | Buffer): Promise<BigIntStats> {
  const stat = await lstat(path, { bigint: true });
  if (!stat.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  return stat;
}

function asBytes(path: string | Buffer): Buffer {
  return typeof path === 'string' ? treePathToBytes(path) : path;
}

function rootError(root: string, error: unknown, what: 'root' | 'directory' = 'root'): Error {
  const code = codeOf(error);
  const reason = REASONS[code] ?? (error as Error).message;
  const message = `Cannot open the ${what} ${JSON.stringify(root)}: ${reason} (${code})`;
  return Object.assign(new Error(message, { cause: error }), { code, path: root });
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  ELOOP: 'its symbolic links go in a circle',
};
