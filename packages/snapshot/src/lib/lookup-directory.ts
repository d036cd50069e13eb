import type { FileStat, MissReason, ObjectId, StatCache } from '@muse/stat-cache';
import { FILE, StatView, type DirectoryNode, type Listing } from '@muse/walker/scan';
import type { Breather } from './breather.js';
import type { FileToHash } from './hash-files.js';
import type { Problem } from './types.js';

/** What a snapshot knows of the files of one directory. */
export interface DirectoryIds {
  /** The object id of each entry of the listing, from its first one on; `undefined` where it is not known. */
  readonly ids: (ObjectId | undefined)[];
  /** The files that have to be read. */
  readonly misses: Miss[];
  /** The files that could not be. */
  readonly problems: Problem[];
}

/** A file whose object id only reading it can tell. */
export interface Miss extends FileToHash {
  readonly directory: DirectoryNode<DirectoryIds>;
  readonly into: DirectoryIds;
  /** Its place in `into.ids`. */
  readonly position: number;
  readonly reason: MissReason;
}

/** Looks up the files of a directory that was just listed, and notes on it what is known of them. */
export async function lookUpDirectory(
  directory: DirectoryNode<DirectoryIds>,
  { names, kinds, stats, from, to }: Listing,
  cache: StatCache | undefined,
  breather: Breather,
): Promise<void> {
  const into: DirectoryIds = { ids: new Array<undefined>(to - from), misses: [], problems: [] };
  directory.value = into;
  const { prefix } = directory;
  const view = new StatView(stats);
  for (let i = from; i < to; i++) {
    if (kinds[i] !== FILE) continue;
    const path = prefix + (names[i] ?? '');
    const id = cache?.lookup(path, view.at(i));
    if (id === undefined) {
      const stat: FileStat = new StatView(stats, i);
      const reason = cache?.missReason(path, stat) ?? 'new';
      into.misses.push({ path, stat, size: Number(stat.size), directory, into, position: i - from, reason });
    } else {
      into.ids[i - from] = id;
    }
    const turn = breather.step();
    if (turn) await turn;
  }
}
