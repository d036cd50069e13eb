import { PathMap } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { DirectoryNode, directoriesOf, type EntryCursor, type Listing } from '@muse/walker/scan';
import { manifestOf } from '../take/assemble.js';
import type { DirectoryResult } from '../take/join.js';
import type { Manifest } from '../types.js';
import { FlatId, type Directory } from './flat-id.js';

/** A directory as it was in some version of its tree. */
export type DirectoryState = Pick<Directory, 'listing' | 'children' | 'value' | 'leftOut'>;

/** Returns a directory as it is now, for when it will have changed. */
export function stateOf({ listing, children, value, leftOut }: Directory): DirectoryState {
  return { listing, children, value, leftOut };
}

/** Directories that changed, each as it was. */
export type Replaced = ReadonlyMap<Directory, DirectoryState>;

/** A step from one version of a tree towards the last. */
interface Step {
  /** The directories that changed in it, as they were before. */
  replaced: Replaced;
  next: Step | undefined;
}

/** The versions of a tree before the last, some of which may still be held. */
interface Earlier {
  versions: WeakRef<Version>[];
  /** How many there are once the steps between those that are held are joined. */
  mostVersions: number;
}

const FEWEST_VERSIONS = 16;

/**
 * One version of a tree that is kept and changes. Steps lead from it to the last one, each with what it replaced: so one that
 * is read later still has its own files. One that nobody holds any more takes no memory, and one that is held takes no more
 * than what has changed since.
 */
export class Version {
  /** The tree, as it is now. */
  readonly tree: Directory;
  readonly #step: Step;
  readonly #earlier: Earlier;
  #manifest: Manifest | undefined;
  /** Its snapshot id, where that was made already. */
  knownId: ObjectId | undefined;
  /** The same in two versions whose files are the same. */
  readonly files: object;

  /** @param replaced - gets each directory before it changes, as it is then: what is under way is not of this version. */
  constructor(
    tree: Directory,
    replaced: Replaced,
    files: object = {},
    earlier: Earlier = { versions: [], mostVersions: FEWEST_VERSIONS },
  ) {
    this.tree = tree;
    this.#step = { replaced, next: undefined };
    this.files = files;
    this.#earlier = earlier;
  }

  /**
   * Ends this version, and returns the next.
   *
   * @param replaced - what that one gets directories in.
   * @param isSame - whether that has the same files.
   */
  followedBy(replaced: Replaced, isSame: boolean): Version {
    const earlier = this.#earlier;
    const next = new Version(this.tree, replaced, isSame ? this.files : {}, earlier);
    this.#step.next = next.#step;
    earlier.versions.push(new WeakRef(this));
    if (earlier.versions.length >= earlier.mostVersions) {
      const held = earlier.versions.map((each) => each.deref()).filter((each) => each !== undefined);
      Version.joinSteps([...held, next]);
      earlier.versions = held.map((each) => new WeakRef(each));
      earlier.mostVersions = Math.max(FEWEST_VERSIONS, 2 * held.length);
    }
    return next;
  }

  /** Has each of some versions of one history, from the first to the last, lead to the next of them in one step. */
  static joinSteps(held: readonly Version[]): void {
    const steps = held.map((version) => version.#step);
    for (const [i, from] of steps.entries()) {
      const to = steps[i + 1];
      if (!to || from.next === to) continue;
      const all = replacedBetween(from, to);
      from.replaced = new Map([...all].filter(([directory]) => !isNewSince(all, directory)));
      from.next = to;
    }
  }

  /** The files of this version. Made at the first call, in one go of some 0.5 µs a file. */
  get manifest(): Manifest {
    return (this.#manifest ??= manifestOf(this.#asItWas()));
  }

  /** The snapshot id of this version. Made at the first call, in one go of some 0.1 µs a file. */
  get id(): ObjectId {
    return (this.knownId ??= new FlatId(this.#asItWas()).makeNow());
  }

  /** The directories that changed since this version, as they are in it. */
  get replaced(): Replaced {
    return replacedBetween(this.#step, undefined);
  }

  #asItWas(): Directory {
    const { replaced } = this;
    return replaced.size === 0 ? this.tree : copyOf(this.tree, replaced);
  }
}

/** Returns what some steps replaced, as it was before the first. @param to - the first step that is none of them. */
function replacedBetween(from: Step, to: Step | undefined): Replaced {
  const all = new Map<Directory, DirectoryState>();
  for (let step: Step | undefined = from; step && step !== to; step = step.next)
    for (const [directory, state] of step.replaced) if (!all.has(directory)) all.set(directory, state);
  return all;
}

/** Returns whether a directory came into its tree by what was replaced: then it is part of nothing before. */
function isNewSince(replaced: Replaced, directory: Directory): boolean {
  const { parent, path } = directory;
  if (!parent) return false;
  const above = replaced.get(parent);
  return above !== undefined && above.children.get(path.slice(parent.prefix.length)) !== directory;
}

/** Returns a copy of a tree in which some directories are as they were. Without recursion: a tree may be deep. */
function copyOf(top: Directory, replaced: Replaced): Directory {
  const copy = (node: Directory): Directory => {
    const { path, dev, ino, parent, slice } = node;
    const empty = new DirectoryNode<DirectoryResult>(path, { dev, ino }, parent, slice);
    return Object.assign(empty, replaced.get(node) ?? stateOf(node));
  };
  const copied = copy(top);
  const unfinished = [copied];
  for (let directory = unfinished.pop(); directory; directory = unfinished.pop()) {
    directory.children = new Map(Array.from(directory.children, ([name, child]) => [name, copy(child)]));
    unfinished.push(...directory.children.values());
  }
  return copied;
}

/** A directory that differs between a version of a tree and the tree as it is now. */
export interface DirectoryChange {
  readonly directory: Directory;
  /** `undefined` where it is new. */
  readonly before: DirectoryState | undefined;
  /** `undefined` where it is gone. */
  readonly after: DirectoryState | undefined;
}

/** Yields each directory that differs once, those below new and gone ones among them. */
export function* directoriesChanged(replaced: Replaced): Generator<DirectoryChange, void> {
  const added = new Set<Directory>();
  for (const [directory, before] of replaced) {
    // It is told of with the directory that it was in, unless it came and went between two versions.
    if (directory.state === 'detached') continue;
    // A new one was told of with the directory that it is in, which changed before it.
    if (!added.has(directory)) yield { directory, before, after: directory };
    for (const [name, child] of before.children)
      if (directory.children.get(name) !== child) yield* goneWith(child, replaced);
    for (const [name, child] of directory.children) {
      if (before.children.get(name) === child || added.has(child)) continue;
      for (const below of directoriesOf(child)) {
        yield { directory: below, before: undefined, after: below };
        added.add(below);
      }
    }
  }
}

function* goneWith(top: Directory, replaced: Replaced): Generator<DirectoryChange, void> {
  const directories = [top];
  for (let directory = directories.pop(); directory; directory = directories.pop()) {
    const before = replaced.get(directory) ?? stateOf(directory);
    yield { directory, before, after: undefined };
    directories.push(...before.children.values());
  }
}

/**
 * Returns the files that differ, before and after: in the time that their directories take, however large the tree. Paths
 * begin where the tree does.
 */
export function filesChanged(
  replaced: Replaced,
  top: Directory,
): { readonly before: Manifest; readonly after: Manifest } {
  const start = top.prefix.length;
  const files = { before: new PathMap<ObjectId>(), after: new PathMap<ObjectId>() };
  for (const { directory, before, after } of directoriesChanged(replaced)) {
    const prefix = directory.prefix.slice(start);
    const [old, now] = [new Files(before), new Files(after)];
    while (old.isAtFile || now.isAtFile) {
      const order = old.compare(now);
      if (order !== 0 || !old.hasSameId(now)) {
        if (order <= 0) old.addTo(files.before, prefix);
        if (order >= 0) now.addTo(files.after, prefix);
      }
      if (order <= 0) old.next();
      if (order >= 0) now.next();
    }
  }
  return files;
}

/** Goes through the files of a directory in the order of their names, and through what else is no directory. */
class Files {
  readonly #listing: Listing | undefined;
  readonly #value: DirectoryResult | undefined;
  readonly #cursor: EntryCursor | undefined;

  constructor(state: DirectoryState | undefined) {
    this.#listing = state?.listing;
    this.#value = state?.value;
    this.#cursor = this.#listing?.entries().skipDirectories();
  }

  /** False past the last file. */
  get isAtFile(): boolean {
    return this.#cursor !== undefined && this.#cursor.entry < (this.#listing?.length ?? 0);
  }

  next(): void {
    this.#cursor?.next().skipDirectories();
  }

  /** Compares the names of two files, of which one that is past the last is after all: negative if this one is before. */
  compare(other: Files): number {
    if (!this.#cursor || !this.isAtFile) return 1;
    return other.#cursor && other.isAtFile ? this.#cursor.compare(other.#cursor) : -1;
  }

  hasSameId(other: Files): boolean {
    const [own, its] = [this.#cursor?.entry, other.#cursor?.entry];
    if (own === undefined || its === undefined || !this.#value || !other.#value) return false;
    return this.#value.hasSameId(own, other.#value, its);
  }

  addTo(files: Map<string, ObjectId>, prefix: string): void {
    if (!this.#cursor) return;
    const id = this.#value?.idOf(this.#cursor.entry);
    if (id !== undefined) files.set(prefix + this.#cursor.name, id);
  }
}

/** Returns the object ids of the files in a directory, by name. */
export function idsOf({ listing, value }: DirectoryState): ReadonlyMap<string, ObjectId> {
  const ids = new Map<string, ObjectId>();
  if (!listing || !value) return ids;
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    const id = value.idOf(cursor.entry);
    if (id !== undefined) ids.set(cursor.name, id);
  }
  return ids;
}
