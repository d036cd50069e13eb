import { join } from 'node:path';

/** Returns `<root>/.muse`, the directory that holds all that Muse keeps about a working tree. */
export function museDir(root: string): string {
  return join(root, '.muse');
}

/** Returns `<root>/.muse/cache`: what is below it may be deleted at any time and costs time only. */
export function cacheDir(root: string): string {
  return join(root, '.muse', 'cache');
}

/** Returns `<root>/.muse/cache/stat.json`, the file of the stat cache. */
export function statCachePath(root: string): string {
  return join(root, '.muse', 'cache', 'stat.json');
}

/** Returns `<root>/.muse/snapshots`, the directory of the saved snapshots. */
export function snapshotsDir(root: string): string {
  return join(root, '.muse', 'snapshots');
}
