import { mkdirSync, mkdtempSync, realpathSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from '@muse/paths';

/** An empty working tree with a `.muse`, so that its cache is kept; it goes away at the end of a `using` scope. */
export interface MuseTree extends Disposable {
  readonly root: string;
}

/** Makes a tree for at most so many bytes: in memory where there is ample room, so that no busy disk decides a test. */
export function museTree(bytes: number): MuseTree {
  const root = mkdtempSync(join(placeFor(bytes), 'muse-scale-'));
  mkdirSync(cacheDir(root), { recursive: true });
  return {
    root,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const IN_MEMORY = '/dev/shm';

function placeFor(bytes: number): string {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    if (bavail * bsize > 4 * bytes) return IN_MEMORY;
  } catch {
    // Not on this system.
  }
  return realpathSync(tmpdir());
}
