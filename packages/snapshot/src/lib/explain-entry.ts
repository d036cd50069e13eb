import type { BigIntStats } from 'node:fs';
import { access, constants, lstat } from 'node:fs/promises';
import { reachPath, toNativePath } from '@muse/paths';
import { codeOf, problemOf } from '@muse/walker/scan';
import type { SpecialFileKind } from './explain-types.js';
import type { Problem } from './types.js';

/** What is there under a tree path, as far as a stat tells. */
export type Looked =
  | { readonly is: 'file' | 'directory'; readonly stat: BigIntStats }
  | { readonly is: 'special'; readonly kind: SpecialFileKind }
  | { readonly is: 'absent' }
  | { readonly is: 'hidden'; readonly problem: Problem };

/** Looks at one entry itself, without following a link in the last segment. */
export async function lookAt(root: string, path: string): Promise<Looked> {
  try {
    const stat = await reached(root, path, (native) => lstat(native, { bigint: true }));
    if (stat.isFile()) return { is: 'file', stat };
    return stat.isDirectory() ? { is: 'directory', stat } : { is: 'special', kind: specialKind(stat) };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'absent' };
    return { is: 'hidden', problem: problemOf(path, 'lstat', error) };
  }
}

/** Returns what would keep a file from being opened or a directory from being listed, without doing either. */
export async function whyUnreadable(
  root: string,
  path: string,
  operation: 'open' | 'readdir',
): Promise<Problem | undefined> {
  try {
    await reached(root, path, (native) => access(native, constants.R_OK));
    return undefined;
  } catch (error) {
    return problemOf(path, operation, error);
  }
}

async function reached<T>(
  root: string,
  path: string,
  use: (native: string | Buffer) => Promise<T>,
): Promise<T> {
  const { path: native, close } = reachPath(toNativePath(root, path));
  try {
    return await use(native);
  } finally {
    close();
  }
}

function specialKind(stat: BigIntStats): SpecialFileKind {
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isSocket()) return 'socket';
  return stat.isBlockDevice() || stat.isCharacterDevice() ? 'device' : 'unknown';
}
