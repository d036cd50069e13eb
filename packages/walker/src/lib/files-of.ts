import type { DirectoryNode, Listing } from './directory-node.js';
import { DIRECTORY, FILE } from './kinds.js';

/** A file of a scanned tree. */
export interface ScannedFile<T> {
  /** Tree path. */
  readonly path: string;
  readonly directory: DirectoryNode<T>;
  readonly listing: Listing;
  /** Its place among the names, kinds and stats of the listing. */
  readonly index: number;
}

interface Position<T> {
  readonly node: DirectoryNode<T>;
  next: number;
}

/** Yields the files of a scanned tree in path order, without recursion. */
export function* filesOf<T>(root: DirectoryNode<T>): Iterable<ScannedFile<T>> {
  const stack: Position<T>[] = [{ node: root, next: root.listing?.from ?? 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const { node } = top;
    const { listing } = node;
    if (listing === undefined || top.next === listing.to) {
      stack.pop();
      continue;
    }
    const index = top.next++;
    const name = listing.names[index] ?? '';
    const kind = listing.kinds[index];
    if (kind === FILE) {
      yield { path: node.prefix + name, directory: node, listing, index };
    } else if (kind === DIRECTORY) {
      const child = node.children.get(name);
      if (child) stack.push({ node: child, next: child.listing?.from ?? 0 });
    }
  }
}
