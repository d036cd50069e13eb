import type { CacheCleared } from '../commands/cache-clear.js';
import type { CacheInfo } from '../commands/cache-info.js';
import type { CacheInfoRequest } from '../request.js';
import { byteSize, count } from './quantities.js';
import { writeJson, writeLines } from './write-answer.js';

/** Prints what there is to tell about a cache. */
export async function renderCacheInfo(info: CacheInfo, { json }: CacheInfoRequest): Promise<void> {
  if (!json) return writeLines(cacheInfoLines(info));
  const { file, bytes = null, entries, dropped, discarded = null, dimensions } = info;
  await writeJson({
    version: 1,
    file,
    bytes,
    entries,
    dropped,
    discarded,
    dimensions: Object.fromEntries(dimensions),
  });
}

/** Returns a line for each thing to tell, its name first. */
export function cacheInfoLines(info: CacheInfo): string[] {
  const { file, bytes, entries, dropped, discarded, dimensions } = info;
  const names = [...dimensions].map(([name, times]) => `${name} ${count(times)}`);
  const lines = [
    `file        ${file}`,
    `size        ${bytes === undefined ? 'no such file' : sizeText(bytes)}`,
    `entries     ${count(entries)}`,
    `dropped     ${count(dropped)}`,
    `dimensions  ${names.length === 0 ? 'none' : names.join(', ')}`,
  ];
  if (discarded !== undefined) lines.push(`discarded   ${discarded}: every file is read again`);
  return lines;
}

/** Says what was removed, or that there was nothing to remove. */
export async function renderCacheCleared({ file, bytes }: CacheCleared): Promise<void> {
  const line =
    bytes === undefined ? `Nothing to remove: there is no ${file}` : `Removed ${file} (${sizeText(bytes)})`;
  await writeLines([line]);
}

function sizeText(bytes: number): string {
  return bytes < 1000 ? byteSize(bytes) : `${count(bytes)} B, ${byteSize(bytes)}`;
}
