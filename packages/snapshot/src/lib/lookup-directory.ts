import type { FileStat, MissReason, ObjectId, SortedLines, StatCache } from '@muse/stat-cache';
import { CHANGED, NO_LINE } from '@muse/stat-cache/json-v3';
import { FILE, StatView, type DirectoryNode, type Listing } from '@muse/walker/scan';
import type { Breather } from './breather.js';
import type { FileToHash } from './hash-files.js';
import type { Problem } from './types.js';

/** What a snapshot knows of the files of one directory. */
export interface DirectoryIds {
  /** The object id of each entry of the listing, from its first one on; `undefined` where it is not known. */
  readonly ids: (ObjectId | undefined)[];
  /** Entries of the listing that are files. */
  files: number;
  /** Files that have a stored line, valid or not. */
  matched: number;
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
  /** Bytes that it had when it was read; until then, the size that it was listed with. */
  bytes: number;
}

/** What is known from earlier snapshots. */
export interface Known {
  readonly cache: StatCache | undefined;
  /** The lines that the listings are annotated with. */
  readonly lines: SortedLines | undefined;
}

const ID_LENGTH = 71;

/**
 * Looks up the files of a directory that was just listed, and notes on it what is known of them. If it was listed
 * before, what was read since then and did not change is not read again.
 */
export async function lookUpDirectory(
  directory: DirectoryNode<DirectoryIds>,
  { names, kinds, stats, notes, from, to }: Listing,
  { cache, lines }: Known,
  breather: Breather,
): Promise<void> {
  const ids = new Array<ObjectId | undefined>(to - from);
  const into: DirectoryIds = { ids, files: 0, matched: 0, misses: [], problems: [] };
  const read = readBefore(directory.value);
  directory.value = into;
  const { prefix } = directory;
  const view = new StatView(stats);
  const text = lines && Buffer.from(lines.bytes.buffer, lines.bytes.byteOffset, lines.bytes.length);
  const overlay = cache?.hasOverlay === true;
  for (let i = from; i < to; i++) {
    const turn = breather.step();
    if (turn) await turn;
    if (kinds[i] !== FILE) continue;
    into.files++;
    const position = i - from;
    const note = notes?.[i] ?? NO_LINE;
    if (note !== NO_LINE) into.matched++;
    if (text && note > CHANGED && !read && !overlay) {
      ids[position] = text.toString('latin1', note, note + ID_LENGTH) as ObjectId;
      continue;
    }
    const path = prefix + (names[i] ?? '');
    const earlier = read?.get(path);
    if (earlier && isUnchanged(earlier.stat, view.at(i))) {
      ids[position] = earlier.into.ids[earlier.position];
      into.misses.push({ ...earlier, stat: new StatView(stats, i), into, position });
      continue;
    }
    if (text && note > CHANGED && !cache?.isOverlaid(path)) {
      ids[position] = text.toString('latin1', note, note + ID_LENGTH) as ObjectId;
      continue;
    }
    const id = cache?.lookup(path, view.at(i));
    if (id === undefined) {
      const stat: FileStat = new StatView(stats, i);
      const reason = cache?.missReason(path, stat) ?? 'new';
      const size = Number(stat.size);
      into.misses.push({ path, stat, size, directory, into, position, reason, bytes: size });
    } else {
      ids[position] = id;
    }
  }
}

/** Returns the files of a directory that were read after it was listed, by path; `undefined` where there are none. */
function readBefore(before: DirectoryIds | undefined): Map<string, Miss> | undefined {
  const read = before?.misses.filter(({ position }) => before.ids[position] !== undefined);
  return read && read.length > 0 ? new Map(read.map((miss) => [miss.path, miss])) : undefined;
}

function isUnchanged(before: FileStat, now: FileStat): boolean {
  return (
    before.ino === now.ino &&
    before.size === now.size &&
    before.ctimeNs === now.ctimeNs &&
    before.mtimeNs === now.mtimeNs &&
    before.dev === now.dev
  );
}
