import { lstat } from 'node:fs/promises';
import { settingsPath, statCachePath, toFsPath } from '@muse/paths';
import type { TreeOptions } from '@muse/snapshot';
import { loadCache, type DiscardReason } from '@muse/stat-cache';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode } from '../../errors.js';
import { rootFailure } from '../../failures.js';
import { shellWord } from '../../terminal/shell-word.js';
import { flagOf, treeOptions, wantsJson } from '../../shared-options.js';
import { writeJson, writeLines } from '../../terminal/answer.js';
import { byteSize, count } from '../../terminal/format.js';
import type { cacheInfo } from './definition.js';
import { cacheTree } from './root.js';

/** Prints what there is to tell about a cache, and changes nothing. */
export const run: Run<RequestOf<typeof cacheInfo>> = async (request, { reporter }) => {
  const doing = `cannot look at the cache of ${request.directory}`;
  const { root, defaults } = await cacheTree(doing, request, reporter);
  const file = statCachePath(root);
  const bytes = await sizeOf(file);
  const cache = await loadCache(root, { logger: reporter }).catch((error: unknown) => {
    throw rootFailure(doing, error);
  });
  const dimensions = new Map<string, number>();
  for (const [, entry] of cache.entries()) {
    for (const name of entry.dimensions.keys()) dimensions.set(name, (dimensions.get(name) ?? 0) + 1);
  }
  const { size: entries, dropped, discarded } = cache;
  if (wantsJson(request)) {
    await writeJson({
      version: 1,
      file,
      bytes: bytes ?? null,
      entries,
      dropped,
      discarded: discarded ?? null,
      dimensions: Object.fromEntries(dimensions),
      settings: { file: settingsPath(root), options: defaults ? settingsDocument(defaults.options) : null },
    });
  } else
    await writeLines([
      ...cacheInfoLines({ file, bytes, entries, dropped, discarded, dimensions }),
      ...settingsLines(settingsPath(root), defaults?.options),
    ]);
  return ExitCode.done;
};

async function sizeOf(file: string): Promise<number | undefined> {
  const stats = await lstat(toFsPath(file)).catch(() => undefined);
  return stats?.isFile() === true ? stats.size : undefined;
}

/** A description of a cache. */
export interface CacheInfo {
  /** The path of its file, whether it exists or not. */
  readonly file: string;
  /** Bytes of its file; undefined where there is none, or something else in its place. */
  readonly bytes: number | undefined;
  readonly entries: number;
  /** Entries that were damaged, and are not among the others. */
  readonly dropped: number;
  /** Why it cannot be used, if so. */
  readonly discarded: DiscardReason | undefined;
  /** The number of entries that have a dimension, by its name. */
  readonly dimensions: ReadonlyMap<string, number>;
}

/** Returns a line for each thing to tell, its name first. */
export function cacheInfoLines(info: CacheInfo): string[] {
  const { file, bytes, entries, dropped, discarded, dimensions } = info;
  const names = [...dimensions].map(([name, times]) => `${name} ${count(times)}`);
  const lines = [
    `file        ${file}`,
    `size        ${bytes === undefined ? 'no such file' : byteSize(bytes)}`,
    `entries     ${count(entries)}`,
    `dropped     ${count(dropped)}`,
    `dimensions  ${names.length === 0 ? 'none' : names.join(', ')}`,
  ];
  if (discarded !== undefined) lines.push(`discarded   ${discarded}: every file is read again`);
  return lines;
}

/** Returns the lines for the options that the settings of a tree set, each as it would be typed; none without settings. */
export function settingsLines(file: string, options: TreeOptions | undefined): string[] {
  if (!options) return [];
  const typed = Object.keys(treeOptions).flatMap((name) => {
    const value = options[name as keyof TreeOptions];
    if (value === undefined || value === false) return [];
    const values: readonly unknown[] = Array.isArray(value) ? value : [''];
    return values.map(
      (each) => `  ${[flagOf(name), ...(each === '' ? [] : [shellWord(String(each))])].join(' ')}`,
    );
  });
  return [`settings    ${file}, which git ignores with all of .muse`, ...typed];
}

/** Returns what `--json` says of those options. */
function settingsDocument({
  gitignore,
  ignoreFiles,
  exclude,
  noIgnore,
  oneFileSystem,
  trustOwners,
}: TreeOptions): object {
  return {
    gitignore,
    ignore_files: ignoreFiles,
    exclude,
    no_ignore: noIgnore,
    one_file_system: oneFileSystem,
    trust_owners: trustOwners,
  };
}
