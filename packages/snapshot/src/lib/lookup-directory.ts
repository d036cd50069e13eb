import { PathMap } from '@muse/paths';
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
 * before, what was read since then and did not change is not read again. Returns a promise where it is not done yet.
 */
export function lookUpDirectory(
  directory: DirectoryNode<DirectoryIds>,
  listing: Listing,
  known: Known,
  breather: Breather,
): Promise<void> | undefined {
  const into = new DirectoryIds(directory, listing, known.lines);
  const read = readBefore(directory.value);
  directory.value = into;
  const open = openIn(into, read !== undefined || known.cache?.hasOverlay === true);
  const turn = breather.step(listing.to - listing.from);
  return open.length === 0 ? turn : lookUpEach(open, into, known.cache, read, breather);
}

/**
 * Counts the files of a directory, and returns the indices of those whose notes do not say all there is to say of them.
 * Apart from what is done with those: most directories have none, and V8 compiles an asynchronous function far longer.
 */
function openIn(into: DirectoryIds, mayBeNewer: boolean): number[] {
  const { kinds, notes, from, to } = into.listing;
  const open: number[] = [];
  let files = 0;
  let matched = 0;
  for (let i = from; i < to; i++) {
    if (kinds[i] !== FILE) continue;
    files++;
    const note = notes?.[i] ?? NO_LINE;
    if (note !== NO_LINE) matched++;
    if (note <= CHANGED || mayBeNewer) open.push(i);
  }
  into.files = files;
  into.matched = matched;
  return open;
}

async function lookUpEach(
  open: readonly number[],
  into: DirectoryIds,
  cache: StatCache | undefined,
  read: ReadonlyMap<string, Miss> | undefined,
  breather: Breather,
): Promise<void> {
  const { names, stats, notes, from } = into.listing;
  const { prefix } = into.directory;
  // The note of a file says all there is to say of it, unless something newer does.
  const isNewer = (path: string) => read?.has(path) === true || cache?.isOverlaid(path) === true;
  const view = new StatView(stats);
  for (const i of open) {
    const turn = breather.step();
    if (turn) await turn;
    const note = notes?.[i] ?? NO_LINE;
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
  return read && read.length > 0 ? new PathMap(read.map((miss) => [miss.path, miss])) : undefined;
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
