import { toNativePath } from '@muse/paths';
import type { IgnoreRules, LeftOutKind, WalkProblem } from '../types.js';
import type { LineRange, Listing } from './reply.js';

/** A directory that was listed in the one above it. */
export interface ListedDirectory {
  /** Tree path. */
  readonly path: string;
  /** The identity that it was listed with. */
  readonly dev: bigint;
  readonly ino: bigint;
  /** What it is reached from. Default: the root. */
  readonly base?: Base | undefined;
}

/** A directory to list, with its slice of the stored lines. */
export interface DirectoryToScan extends ListedDirectory {
  readonly slice: LineRange;
}

/** A directory that is held open above a deep one, so that the system need not walk down from the root each time. */
export interface Base {
  /** Its native path while it is held. */
  readonly path: string;
  /** How many characters of the deep one's tree path it stands for, the slash after them included. */
  readonly length: number;
}

/** Returns the native path by which a directory is reached. */
export function nativePathOf(
  root: string,
  { path, base }: Pick<ListedDirectory, 'path' | 'base'>,
): string | Buffer {
  return base ? toNativePath(base.path, path.slice(base.length)) : toNativePath(root, path);
}

/** Where a directory of a tree stands. */
export type DirectoryState =
  /** Just found. */
  | 'found'
  /** In line to be listed, for the first time or again. */
  | 'waiting'
  /** Handed to the engine. */
  | 'listing'
  /** What `listing` says. */
  | 'listed'
  /** It could not be listed, for the reason in `problems`: nothing is known of what is in it. */
  | 'failed'
  /** No longer in the tree: another directory has its name, or nothing has. */
  | 'detached';

/** A directory of a tree. It outlives a scan, and can be listed again by itself. `T` is what the tree's owner keeps with it. */
export class DirectoryNode<T> implements DirectoryToScan {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly parent: DirectoryNode<T> | undefined;
  readonly slice: LineRange;
  readonly base: Base | undefined;
  state: DirectoryState = 'found';
  /** What it held when it was last listed; kept while it waits to be listed again. */
  listing: Listing | undefined;
  /** The rules for what is in it; undefined until it is listed, and where there are none. */
  rules: IgnoreRules | undefined;
  /** By name; without those that are left out. */
  readonly children = new Map<string, DirectoryNode<T>>();
  /** How many directories of this name were put in line, one after the other. */
  attempts = 0;
  /** How often it was put in line again because of what moved in it. */
  relists = 0;
  /** How many entries are left out, by kind. */
  leftOut: Partial<Record<LeftOutKind, number>> = {};
  /** The stored lines below directories that are left out, which listing them would have called gone. */
  excludedLines: LineRange[] = [];
  /** The names of files with a stored line that are left out, or were gone when they were looked for again. */
  excludedFiles: string[] = [];
  problems: readonly WalkProblem[] = [];
  value: T | undefined;

  constructor(
    path: string,
    { dev, ino }: Pick<ListedDirectory, 'dev' | 'ino'>,
    parent: DirectoryNode<T> | undefined,
    slice: LineRange,
    base?: Base,
  ) {
    this.path = path;
    this.dev = dev;
    this.ino = ino;
    this.parent = parent;
    this.slice = slice;
    this.base = base;
  }

  /** What stands before the name of an entry in its tree path. */
  get prefix(): string {
    return this.path === '' ? '' : `${this.path}/`;
  }

  /** Takes this directory, and all below it, out of the tree. */
  remove(): void {
    this.parent?.children.delete(this.path.slice(this.parent.prefix.length));
    this.detach();
  }

  /** Marks this directory, and all below it, as no longer in the tree. */
  detach(): void {
    for (const node of directoriesOf(this)) node.state = 'detached';
  }
}

/** Yields the directories of a tree, each before those below it. */
export function* directoriesOf<T>(root: DirectoryNode<T>): Iterable<DirectoryNode<T>> {
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    yield node;
    for (const child of node.children.values()) stack.push(child);
  }
}

/** Returns a count of nothing left out, by kind. */
export function noneLeftOut(): Record<LeftOutKind, number> {
  return {
    symlink: 0,
    fifo: 0,
    socket: 0,
    device: 0,
    unknown: 0,
    ignored: 0,
    reserved: 0,
    'other-device': 0,
  };
}

/** Counts what is left out of a tree, by kind. */
export function countLeftOut(root: DirectoryNode<unknown>): Record<LeftOutKind, number> {
  const counts = noneLeftOut();
  for (const { leftOut } of directoriesOf(root)) {
    for (const [kind, count] of Object.entries(leftOut)) counts[kind as LeftOutKind] += count;
  }
  return counts;
}
