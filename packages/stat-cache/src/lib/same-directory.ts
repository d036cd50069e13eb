import { realpath } from 'node:fs/promises';
import { toFsPath } from '@muse/paths';

/** Returns whether two absolute paths lead to the same directory; links are looked at only where the texts differ. */
export async function isSameDirectory(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  try {
    const [realA, realB] = await Promise.all([a, b].map((path) => realpath(toFsPath(path), 'buffer')));
    return realA !== undefined && realB?.equals(realA) === true;
  } catch {
    return false;
  }
}
