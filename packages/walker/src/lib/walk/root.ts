import { constants, lstatSync, type BigIntStats } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import {
  holdBelow,
  openLongPath,
  parseTreePath,
  toNativePath,
  treePathFromBytes,
  treePathToBytes,
  type Identity,
} from '@muse/paths';
import { codeOf } from '../problems.js';

/** A root that exists. */
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
    throw rootError('root', root, error);
  }
}

/** Looks at a root that was resolved before, and rejects as {@link resolveRoot} does. This time a link does not count as a directory. */
export async function revisitRoot({ root }: ResolvedRoot): Promise<ResolvedRoot> {
  try {
    return await identify(treePathToBytes(root));
  } catch (error) {
    throw rootError('root', root, error);
  }
}

/**
 * Looks at a directory below a root that was resolved, and rejects as {@link resolveRoot} does. A link is no directory,
 * neither there nor on the way. Throws a `SyntaxError` when `path` is no tree path.
 */
export async function resolveSubtree(root: ResolvedRoot, path: string): Promise<ResolvedRoot> {
  parseTreePath(path);
  try {
    const found = openBelow(root, path);
    try {
      await mayBeListed(found.path);
    } finally {
      found.close();
    }
    return { root: root.root, dev: found.dev, ino: found.ino };
  } catch (error) {
    throw rootError('directory', path, error);
  }
}

/**
 * Returns the identity of a directory below a root, `''` for the root itself. A link is no directory, neither there nor on
 * the way. Throws the system's error, `ENOTDIR` for a link.
 */
export function identityBelow(root: ResolvedRoot, path: string): Identity {
  const { dev, ino, close } = openBelow(root, path);
  close();
  return { dev, ino };
}

/** A directory, and a path that leads to it until `close`. */
interface Opened extends Identity {
  readonly path: string | Buffer;
  readonly close: () => void;
}

/** Opens each directory in the one above it where the system can hold one, else looks at each from the top down. */
function openBelow(root: ResolvedRoot, path: string): Opened {
  const held = holdBelow(root.root, path, { identity: root });
  if (!held) return lookFromTheTop(root, path);
  try {
    const { dev, ino } = held.stat();
    return { dev, ino, path: held.path, close: held.close.bind(held) };
  } catch (error) {
    held.close();
    throw error;
  }
}

function lookFromTheTop(root: ResolvedRoot, path: string): Opened {
  let identity: Identity = root;
  for (let end = 0; path !== '' && end >= 0;) {
    end = path.indexOf('/', end + 1);
    const reached = openLongPath(toNativePath(root.root, end < 0 ? path : path.slice(0, end)));
    try {
      identity = asDirectory(lstatSync(reached.path, { bigint: true }));
    } finally {
      reached.close();
    }
  }
  const { path: native, close } = openLongPath(toNativePath(root.root, path));
  return { dev: identity.dev, ino: identity.ino, path: native, close };
}

async function identify(real: Buffer): Promise<ResolvedRoot> {
  const { dev, ino } = asDirectory(await lstat(real, { bigint: true }));
  await mayBeListed(real);
  return { root: treePathFromBytes(real), dev, ino };
}

function asDirectory(stat: BigIntStats): BigIntStats {
  if (!stat.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  return stat;
}

function mayBeListed(path: string | Buffer): Promise<void> {
  return access(path, constants.R_OK | constants.X_OK);
}

function rootError(what: 'root' | 'directory', path: string, error: unknown): Error {
  const code = codeOf(error);
  const reason = REASONS[code] ?? (error as Error).message;
  const message = `Cannot open the ${what} ${JSON.stringify(path)}: ${reason} (${code})`;
  return Object.assign(new Error(message, { cause: error }), { code, path });
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  ELOOP: 'its symbolic links go in a circle',
};
