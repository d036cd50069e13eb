import type { DirectoryNode, Listing } from './directory-node.js';
import { DIRECTORY } from './kinds.js';

/** Entries of a run at most: some 0.1 ms of work, so that nobody holds the event loop for all of a huge directory. */
const LONGEST = 512;

/** Entries of one directory that stand side by side in path order: no directory is among them. */
export interface Run<T> {
  readonly directory: DirectoryNode<T>;
  readonly listing: Listing;
  /** The first entry, as an index of the listing. */
  readonly from: number;
  /** The index after the last one. */
  readonly to: number;
}

interface Position<T> {
  readonly directory: DirectoryNode<T>;
  next: number;
}

/**
 * Yields all entries of a scanned tree that are no directories, in path order and without recursion. Some are not `FILE`
 * but `LEFT_OUT`. In runs, because an object for each file takes as long as what is then done with it.
 */
export function* runsOf<T>(root: DirectoryNode<T>): Iterable<Run<T>> {
  const stack: Position<T>[] = [{ directory: root, next: root.listing?.from ?? 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const { directory, next } = top;
    const { listing } = directory;
    if (listing === undefined || next === listing.to) {
      stack.pop();
      continue;
    }
    const { kinds } = listing;
    let to = next;
    const last = Math.min(listing.to, next + LONGEST);
    while (to < last && kinds[to] !== DIRECTORY) to++;
    if (to > next) yield { directory, listing, from: next, to };
    top.next = to;
    if (to < last) {
      top.next = to + 1;
      const child = directory.children.get(listing.names[to] ?? '');
      if (child) stack.push({ directory: child, next: child.listing?.from ?? 0 });
    }
  }
}
