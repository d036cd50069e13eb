import type { DirectoryNode } from './directory.js';
import { DIRECTORY, isFile, type Listing, type NameCursor } from './reply.js';

/** The longest run of entries: some 0.1 ms of work, so that nobody holds the event loop for all of a huge directory. */
const LONGEST = 512;

/** Entries of one directory that stand side by side in path order: no directory is among them. */
export interface Run<T> {
  readonly directory: DirectoryNode<T>;
  readonly listing: Listing;
  /** The first entry. */
  readonly from: number;
  /** The entry after the last one. */
  readonly to: number;
  /** The name of the first entry. Whoever takes the run moves it past each entry. */
  readonly names: NameCursor;
}

interface Position<T> {
  readonly directory: DirectoryNode<T>;
  readonly listing: Listing;
  readonly names: NameCursor;
  entry: number;
}

/**
 * Yields all entries of a tree that are no directories, in path order and without recursion; not all of them are files. In
 * runs, because an object for each file takes as long as what is then done with it.
 */
export function* entriesInPathOrder<T>(top: DirectoryNode<T>): Generator<Run<T>> {
  const stack: Position<T>[] = [];
  enter(stack, top);
  for (let position = stack.at(-1); position; position = stack.at(-1)) {
    const { directory, listing, names, entry: from } = position;
    if (from === listing.length) {
      stack.pop();
      continue;
    }
    const last = Math.min(listing.length, from + LONGEST);
    let to = from;
    while (to < last && listing.match(to) !== DIRECTORY) to++;
    if (to > from) yield { directory, listing, from, to, names };
    position.entry = to;
    if (names.entry !== to) throw new Error(`Broken run of entries: ${names.entry} names were read of ${to}`);
    if (to < last) {
      const child = directory.children.get(names.text);
      position.entry = to + 1;
      names.next();
      if (child) enter(stack, child);
    }
  }
}

function enter<T>(stack: Position<T>[], directory: DirectoryNode<T>): void {
  const { listing } = directory;
  if (listing) stack.push({ directory, listing, names: listing.names, entry: 0 });
}

/** Calls `visit` with each file of a run and the bytes of its name. */
export function forEachFile<T>(
  { listing, from, to, names }: Run<T>,
  visit: (entry: number, match: number, names: NameCursor) => void,
): void {
  for (let entry = from; entry < to; entry++, names.next()) {
    const match = listing.match(entry);
    if (isFile(match)) visit(entry, match, names);
  }
}
