import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { cacheDir, statCachePath } from '@muse/paths';
import { StatCache } from '@muse/stat-cache';

/** What is found in the place of a cache file: none, one whole valid version, or a sentence on what is wrong. */
export type CacheState = 'absent' | 'valid' | `wrong: ${string}`;

/** Reads the cache file of a root twice: by its format alone, and as the library does. */
export async function cacheState(root: string): Promise<CacheState> {
  let text: string;
  try {
    text = await readFile(statCachePath(root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  const fault = textFault(text);
  if (fault !== undefined) return `wrong: ${fault}`;
  const { discarded, dropped } = await StatCache.open({ root });
  if (discarded !== undefined) return `wrong: discarded, ${discarded}`;
  return dropped === 0 ? 'valid' : `wrong: ${dropped} entries dropped`;
}

function textFault(text: string): string | undefined {
  const end = /"checksum":"([0-9a-f]{64})"\}$/.exec(text);
  if (!end) return `no checksum at the end of ${text.length} characters`;
  const covered = text.slice(0, end.index);
  if (createHash('sha256').update(covered).digest('hex') !== end[1]) return 'another checksum';
  const { version } = JSON.parse(text) as { version: unknown };
  return version === 3 ? undefined : `version ${String(version)}`;
}

/** The temporary files in the cache directory of a root, whoever's they are. */
export async function temporaryFiles(root: string): Promise<string[]> {
  const names = await readdir(cacheDir(root)).catch(() => []);
  return names.filter((name) => name.endsWith('.tmp'));
}
