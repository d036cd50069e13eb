import { PathSet } from '@muse/paths';
import { byDirectory } from './by-directory.js';
import { goDown, type Judge } from './explain.js';
import type { Explanation } from './explain-types.js';

/**
 * Tells which of some paths, which a snapshot has just not found, are gone: not those that are left out, and not those
 * that cannot be seen.
 */
export async function missingAmong(judge: Judge, paths: Iterable<string>): Promise<Set<string>> {
  const missing = new PathSet();
  for (const [directory, files] of byDirectory(paths)) {
    await goDown(judge, directory, async ({ outcome }, inside) => {
      const explain = outcome === 'directory' ? await inside() : undefined;
      // Below what is a file by now, there is nothing.
      const isGone = outcome === 'hit' || outcome === 'miss' || isNoFile(outcome);
      for (const path of files) {
        if (explain ? isNoFile((await explain(path))?.outcome) : isGone) missing.add(path);
      }
    });
  }
  return missing;
}

function isNoFile(outcome: Explanation['outcome'] | undefined): boolean {
  return outcome === 'absent' || outcome === 'special' || outcome === 'directory' || outcome === undefined;
}
