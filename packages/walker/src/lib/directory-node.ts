import type { DirectoryToScan } from './scan-directory.js';
import type { IgnoreRules, LeftOutKind, WalkProblem } from './types.js';

/** What one directory holds: a range of the names, kinds and stats that came in one message. */
export interface Listing {
  readonly names: readonly string[];
  /** `FILE`, `DIRECTORY` or `LEFT_OUT`, for each name. */
  readonly kinds: Uint8Array;
  readonly stats: BigInt64Array;
  /** What was said of each name, where the scan annotates. */
  readonly notes?: Uint32Array | undefined;
  readonly from: number;
  readonly to: number;
}

/** A directory of the tree that is being scanned; `T` is what the owner of the scan keeps with each. */
export class DirectoryNode<T> implements DirectoryToScan {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly parent: DirectoryNode<T> | undefined;
  readonly note: number | undefined;
  /** Undefined until it is listed, and where it could not be. */
  listing: Listing | undefined;
  /** By name; without those that a rule leaves out. */
  readonly children = new Map<string, DirectoryNode<T>>();
  /** How often a directory of this name was put in line for the first time. */
  tries = 0;
  /** How often it was put in line once more, because of what happened in it. */
  refreshes = 0;
  /** Whether it waits to be listed, or is being listed. */
  queued = false;
  /** False once the tree holds another directory under this name, or none. */
  attached = true;
  /** The rules for what is in it; undefined until it is listed, and where there are none. */
  rules: IgnoreRules | undefined;
  leftOut: LeftOutKind[] = [];
  problems: readonly WalkProblem[] = [];
  value: T | undefined;

  constructor(
    path: string,
    { dev, ino }: { readonly dev: bigint; readonly ino: bigint },
    parent: DirectoryNode<T> | undefined,
    note?: number,
  ) {
    this.path = path;
    this.dev = dev;
    this.ino = ino;
    this.parent = parent;
    this.note = note;
  }

  /** What stands before the name of an entry in its tree path. */
  get prefix(): string {
    return this.path === '' ? '' : `${this.path}/`;
  }

  /** Whether it could not be listed the last time, which says nothing about its entries. */
  get failed(): boolean {
    return this.problems.some(({ path }) => path === this.path);
  }

  /** Takes this directory, and all below it, out of the tree, and forgets it. */
  remove(): void {
    this.parent?.children.delete(this.path.slice(this.parent.prefix.length));
    this.detach();
  }

  /** Marks this directory, and all below it, as no longer in the tree. */
  detach(): void {
    const stack: DirectoryNode<T>[] = [this];
    for (let node = stack.pop(); node; node = stack.pop()) {
      node.attached = false;
      stack.push(...node.children.values());
    }
  }
}

/** Yields the directories of a tree, each before those below it, and none that is detached. */
export function* directoriesOf<T>(root: DirectoryNode<T>): Iterable<DirectoryNode<T>> {
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    yield node;
    stack.push(...node.children.values());
  }
}

/** Counts what was left out of a tree, by kind. */
export function countLeftOut<T>(root: DirectoryNode<T>, counts: Record<LeftOutKind, number>): void {
  for (const node of directoriesOf(root)) for (const kind of node.leftOut) counts[kind]++;
}
