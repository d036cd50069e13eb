import type { FileStat, StatCache } from '@muse/stat-cache';
import { CHANGED, NO_LINE } from '@muse/stat-cache/json-v3';
import { FILE, StatView, type DirectoryNode, type Listing } from '@muse/walker/scan';
import type { Breather } from './breather.js';
import { DirectoryIds, Miss } from './directory-ids.js';

/** What is known from earlier snapshots. */
export interface Known {
  readonly cache: StatCache | undefined;
  /** The stored lines that the listings are annotated with. */
  readonly lines: Buffer | undefined;
}

/**
 * Looks up the files of a directory that was just listed, and notes on it what is known of them. If it was listed
 * before, what was read since then and did not change is not read again.
 */
export async function lookUpDirectory(
  directory: DirectoryNode<DirectoryIds>,
  listing: Listing,
  { cache, lines }: Known,
  breather: Breather,
): Promise<void> {
  const { names, kinds, stats, notes, from, to } = listing;
  const into = new DirectoryIds(directory, listing, lines);
  const read = readBefore(directory.value);
  directory.value = into;
  // The note of a file says all there is to say of it, unless something newer does.
  const isNewer = (path: string) => read?.has(path) === true || cache?.isOverlaid(path) === true;
  const anyNewer = read !== undefined || cache?.hasOverlay === true;
  const { prefix } = directory;
  const view = new StatView(stats);
  for (let i = from; i < to; i++) {
    const turn = breather.step();
    if (turn) await turn;
    if (kinds[i] !== FILE) continue;
    into.files++;
    const note = notes?.[i] ?? NO_LINE;
    if (note !== NO_LINE) into.matched++;
    if (note > CHANGED && !anyNewer) continue;
    const path = prefix + (names[i] ?? '');
    if (note > CHANGED && !isNewer(path)) continue;
    if (notes && note > CHANGED) notes[i] = CHANGED;
    const position = i - from;
    const earlier = read?.get(path);
    const idReadBefore = earlier?.into.get(earlier.position);
    if (earlier && idReadBefore !== undefined && isUnchanged(earlier.stat, view.at(i))) {
      into.set(position, idReadBefore);
      const miss = new Miss(into, position, earlier.reason);
      miss.bytes = earlier.bytes;
      into.misses.push(miss);
      continue;
    }
    // A line that does not match is all that the cache knows, unless something newer is.
    const id = notes === undefined || isNewer(path) ? cache?.lookup(path, view.at(i)) : undefined;
    if (id !== undefined) into.set(position, id);
    else into.misses.push(new Miss(into, position, cache?.missReason(path, view.at(i)) ?? 'new'));
  }
}

/** Returns the files of a directory that were read after it was listed, by path; `undefined` where there are none. */
function readBefore(before: DirectoryIds | undefined): Map<string, Miss> | undefined {
  const read = before?.misses.filter(({ position }) => before.has(position));
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
