import { holdBelow, pathInDirectory, toNativePath, type HeldDirectory } from '@muse/paths';
import type { FileCalls } from './file-calls.js';
import { hashFileWith, type HashedFile, type HashOptions } from './hash-file.js';

/** A file below a root, and the directory that is held open to reach it. */
export interface FileBelow {
  /** Its native path, for messages. */
  readonly native: string | Uint8Array;
  /** The path to give to the system; undefined where no directory can be held. */
  readonly through: string | Uint8Array | undefined;
  readonly close: () => void;
}

/**
 * Reaches a file below a root, each directory opened in the one above it, so that no link on the way is followed, whatever
 * is swapped. Where the system cannot hold a directory, the path has to do.
 */
export function reachBelow(calls: FileCalls, root: string, path: string): FileBelow {
  const native = toNativePath(root, path);
  const slash = path.lastIndexOf('/');
  let held: HeldDirectory | undefined;
  try {
    const { hold } = calls;
    held = hold && holdBelow(root, path.slice(0, Math.max(slash, 0)), { hold });
  } catch (error) {
    throw namingPath(error, native);
  }
  const through = held && pathInDirectory(held.path, path.slice(slash + 1));
  return { native, through, close: () => held?.close() };
}

/** Hashes a file below a root as `hashFile` does, and follows no link on the way there. */
export async function hashBelow(
  calls: FileCalls,
  root: string,
  path: string,
  options: HashOptions = {},
): Promise<HashedFile> {
  const { native, through, close } = reachBelow(calls, root, path);
  try {
    return await hashFileWith(calls, native, { ...options, through });
  } catch (error) {
    throw namingPath(error, native);
  } finally {
    close();
  }
}

/** Makes an error of the system name the file's own path, and not the descriptor that it was reached by. */
export function namingPath(error: unknown, native: string | Uint8Array): unknown {
  const system = error as NodeJS.ErrnoException;
  const { path } = system;
  if (system.syscall === undefined || path === undefined) return error;
  const own = typeof native === 'string' ? native : Buffer.from(native).toString();
  system.message = system.message.replace(`'${path}'`, () => `'${own}'`);
  system.path = own;
  return system;
}
