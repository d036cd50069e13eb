import { isSameInode, PathSet, type HeldDirectory, type Identity } from '@muse/paths';
import { systemProblem, tornDirectory } from '../problems.js';
import type { EnteredRules, IgnoreRules, LeftOutKind, Problem } from '../types.js';
import { DT_DIR, DT_UNKNOWN, type DirectoryToScan, type ScanEngine } from './engine.js';
import { checkIdentity, nativePathOf, systemCalls, type Base, type ScanCalls } from './open-directory.js';
import {
  itemOf,
  DIRECTORY,
  FAILED,
  isFile,
  listingsIn,
  NEW,
  SKIPPED_BY_ENGINE,
  type EntryCursor,
  type LineRange,
  type Listing,
} from './reply.js';

/** The state of a directory in a tree. */
export type DirectoryState =
  /** Just found. */
  | 'found'
  /** In line to be listed, for the first time or again. */
  | 'waiting'
  /** Handed to the engine. */
  | 'listing'
  /** Listed: `listing` has its entries. */
  | 'listed'
  /** It could not be listed, for the reason in `problems`: nothing is known of what is in it. */
  | 'failed'
  /** No longer in the tree: another directory has its name, or nothing has. */
  | 'detached';

const NO_PROBLEMS: readonly Problem[] = [];
const NO_RANGES: readonly LineRange[] = [];
const NO_NAMES: readonly string[] = [];
const NO_CHILDREN: ReadonlyMap<string, never> = new Map<string, never>();
const NOTHING_LEFT_OUT = {};

/** A directory of a tree. It outlives a scan, and can be listed again by itself. `T` is what the tree's owner keeps with it. */
export class DirectoryNode<T> implements DirectoryToScan {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly parent: DirectoryNode<T> | undefined;
  readonly slice: LineRange;
  readonly base: Base | undefined;
  state: DirectoryState = 'found';
  /** Its entries when it was last listed; kept while it waits to be listed again. */
  listing: Listing | undefined;
  /** The rules for what is in it; undefined until it is listed, and where there are none. */
  rules: IgnoreRules | undefined;
  /** By name, in path order; without those that are left out. */
  children: ReadonlyMap<string, DirectoryNode<T>> = NO_CHILDREN;
  /** The number of directories of this name that were put in line, one after the other. */
  attempts = 0;
  /** The number of times that it was put in line again because of what moved in it. */
  relists = 0;
  /** The round in which these two were counted. */
  round = 0;
  /** The number of entries that are left out, by kind. */
  leftOut: Readonly<Partial<Record<LeftOutKind, number>>> = NOTHING_LEFT_OUT;
  /** The stored lines below directories that are left out, which listing them would have called gone. */
  excludedLines: readonly LineRange[] = NO_RANGES;
  /** The names of files with a stored line that are left out, or were gone when they were looked for again. */
  excludedFiles: readonly string[] = NO_NAMES;
  problems: readonly Problem[] = NO_PROBLEMS;
  value: T | undefined;

  constructor(
    path: string,
    { dev, ino }: Identity,
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

  /** Its own part of the tree path of an entry, with a slash at its end. */
  get prefix(): string {
    return this.path === '' ? '' : `${this.path}/`;
  }

  /** True while it waits to be listed or is being listed. */
  get isInLine(): boolean {
    return this.state === 'waiting' || this.state === 'listing';
  }

  /** Calls it a directory that cannot be listed: torn, unless another problem is known of it. */
  giveUp(): void {
    this.state = 'failed';
    if (!this.listing) this.#loseChildren();
    if (this.problems.length === 0) this.problems = [tornDirectory(this.path)];
  }

  /** Takes it, and all below it, out of the tree. */
  remove(): void {
    const { parent } = this;
    if (parent) parent.children = new Map([...parent.children].filter(([, child]) => child !== this));
    this.detach();
  }

  /** Calls it a directory that could not be listed. */
  fail(problem: Problem): void {
    this.state = 'failed';
    this.problems = [problem];
    if (!this.listing) this.#loseChildren();
  }

  /** Marks it, and all below it, as no longer in the tree. */
  detach(): void {
    for (const node of directoriesOf(this)) node.state = 'detached';
  }

  #loseChildren(): void {
    for (const child of this.children.values()) child.detach();
    this.children = NO_CHILDREN;
  }
}

/** Returns the directories of a tree, each before those below it. */
export function directoriesOf<T>(root: DirectoryNode<T>): readonly DirectoryNode<T>[] {
  const directories = [root];
  for (let i = 0; i < directories.length; i++) {
    const { children } = itemOf(directories, i);
    // Most have none, and an iterator for each would take longer than all else here.
    if (children.size > 0) for (const child of children.values()) directories.push(child);
  }
  return directories;
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

/** Counts what is left out of directories, by kind. */
export function countLeftOut(directories: readonly DirectoryNode<unknown>[]): Record<LeftOutKind, number> {
  const counts = noneLeftOut();
  for (const { leftOut } of directories) {
    if (leftOut === NOTHING_LEFT_OUT) continue;
    for (const [kind, count] of Object.entries(leftOut)) counts[kind as LeftOutKind] += count;
  }
  return counts;
}

/** Entries of one directory that stand side by side in path order: no directory is among them. */
export interface Run<T> {
  readonly directory: DirectoryNode<T>;
  readonly listing: Listing;
  /** At the first entry. Whoever takes the run moves it past each entry. */
  readonly cursor: EntryCursor;
  /** The entry after the last one. */
  readonly to: number;
  /** True if the run stands for all of the directory, with what is below it, and has no entry of its own. */
  readonly isWhole: boolean;
}

/** The longest run of entries: some 0.1 ms of work, so that nobody holds the event loop for all of a huge directory. */
const LONGEST_RUN = 512;

/**
 * Yields all entries of a tree that are no directories, in path order and without recursion; not all of them are files. In
 * runs, because an object for each file takes as long as what is then done with it.
 *
 * @param isWhole - returns whether a directory is one run, with all that is below it, so that no entry is looked at.
 */
export function* entriesInPathOrder<T>(
  top: DirectoryNode<T>,
  isWhole: (directory: DirectoryNode<T>) => boolean = () => false,
): Generator<Run<T>> {
  const stack: { directory: DirectoryNode<T>; listing: Listing; cursor: EntryCursor; isWhole: boolean }[] =
    [];
  const enter = (directory: DirectoryNode<T>) => {
    const { listing } = directory;
    if (listing) stack.push({ directory, listing, cursor: listing.entries(), isWhole: isWhole(directory) });
  };
  enter(top);
  for (let position = stack.at(-1); position; position = stack.at(-1)) {
    const { directory, listing, cursor } = position;
    if (position.isWhole) {
      yield { ...position, to: 0 };
      stack.pop();
      continue;
    }
    const last = Math.min(listing.length, cursor.entry + LONGEST_RUN);
    let to = cursor.entry;
    while (to < last && listing.match(to) !== DIRECTORY) to++;
    if (to > cursor.entry) yield { directory, listing, cursor, to, isWhole: false };
    if (cursor.entry !== to) throw new Error(`Broken run of entries: ${cursor.entry} were read of ${to}`);
    if (cursor.entry === listing.length) {
      stack.pop();
    } else if (cursor.match === DIRECTORY) {
      const child = directory.children.get(cursor.name);
      cursor.next();
      if (child) enter(child);
    }
  }
}

/** What is known of a directory that was listed without a problem. */
type Known<T> = Pick<DirectoryNode<T>, 'value' | 'children' | 'leftOut'> & {
  readonly listing: Listing;
};

/** The root of a tree, and who lists it. */
export interface TreeOptions<T> {
  /** The root's native path, links resolved; may hold escaped bytes. */
  readonly root: string;
  /** The tree path of the directory where the tree begins; all tree paths are still from the root. Default: `''`. */
  readonly path?: string | undefined;
  /** The identity that the root, or that directory, had when it was resolved. */
  readonly identity: Identity;
  /** The stored lines of all that is below it. Default: none. */
  readonly slice?: LineRange | undefined;
  readonly engine: ScanEngine;
  /** Returns whether listings are to have the stats of hits, too. Default: those that are made anew alone. */
  readonly allDetails?: (() => boolean) | undefined;
  /** The rules for what is in the directory above, as `rulesAbove` returns them; for the root, its own. */
  readonly ignore?: IgnoreRules | undefined;
  readonly oneFileSystem?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Called for each directory once it is listed, and again when it is listed again: with the listing and the value that it had
   * before if nothing in it changed since an earlier round.
   */
  readonly onListed?: ((directory: DirectoryNode<T>, listing: Listing) => Promise<void> | void) | undefined;
  /** Called for each directory before it is put in line, given up or removed, while it is as it was. */
  readonly onTouched?: ((directory: DirectoryNode<T>) => void) | undefined;
  /** An inotify descriptor, by which each directory is watched before it is listed. Default: none. */
  readonly inotify?: number | undefined;
  /** The few calls that this thread makes itself. Default: the system's. */
  readonly calls?: ScanCalls | undefined;
}

/** The most directories of one name that are tried, one after the other, before the name is a problem. */
const MAX_ATTEMPTS = 4;
/** The most times that one directory is listed again because of what moves in it. */
const MAX_RELISTS = 32;
/** Characters of a path that the system walks down for each directory; from there on one on the way is held open. */
const MAX_WALKED = 1024;
/** The most directories that are held open for that. */
const MAX_HELD = 64;
const NO_LINES: LineRange = { from: 0, to: 0 };

/**
 * A tree of directories, listed from the root down until none waits. Where a directory turns out to be another one than
 * was listed, the directory above is listed again, so that nothing outside the root is ever taken for part of it.
 */
export class Tree<T> {
  /** The directory where the tree begins. */
  readonly top: DirectoryNode<T>;
  readonly #options: TreeOptions<T>;
  readonly #calls: ScanCalls;
  #engine: ScanEngine;
  #signal: AbortSignal | undefined;
  #round = 0;
  /** The directories that were listed in this round; all of them in the first. */
  #listed: DirectoryNode<T>[] | undefined;
  readonly #waiting: DirectoryNode<T>[] = [];
  /** Those of the waiting directories that are too large for this thread. */
  readonly #large: DirectoryNode<T>[] = [];
  /** Directories to list anew once the one above them was, whose rules are those for what is in them. */
  readonly #later = new Map<DirectoryNode<T>, DirectoryNode<T>[]>();
  /** What was known of directories that are to be listed anew in this round. */
  readonly #before = new Map<DirectoryNode<T>, Known<T>>();
  /** Directories that are held open because much is below them. */
  readonly #held: HeldDirectory[] = [];

  constructor(options: TreeOptions<T>) {
    this.#options = options;
    const { path = '', identity, slice = NO_LINES, calls = systemCalls, engine, signal } = options;
    this.#calls = calls;
    this.#engine = engine;
    this.#signal = signal;
    this.top = new DirectoryNode<T>(path, identity, undefined, slice);
    this.#enqueue(this.top);
  }

  /** Lists until no directory waits. Rejects when aborted or when the engine fails, and then nothing is under way. */
  async list(): Promise<void> {
    const [engine, signal] = [this.#engine, this.#signal];
    const underWay = new Set<Promise<void>>();
    try {
      for (;;) {
        signal?.throwIfAborted();
        while (this.#waiting.length + this.#large.length > 0 && underWay.size < engine.capacity) {
          const batch = this.#listBatch().finally(() => underWay.delete(batch));
          underWay.add(batch);
        }
        if (underWay.size > 0) await Promise.race(underWay);
        else if (this.#later.size > 0) for (const node of [...this.#later.keys()]) this.#beginBelow(node);
        else return;
      }
    } finally {
      await Promise.allSettled(underWay);
    }
  }

  /** The directories that were listed since the last round began, and are in the tree. */
  get listed(): readonly DirectoryNode<T>[] {
    return this.#listed?.filter(({ state }) => state !== 'detached') ?? directoriesOf(this.top);
  }

  /**
   * Begins another round: forgets what is in some directories and puts them in line to be listed anew, each after those
   * above it. What is below them stays as it is, unless it turns out to be something else.
   */
  startRound(
    directories: Iterable<DirectoryNode<T>>,
    { engine, signal }: Pick<TreeOptions<T>, 'engine' | 'signal'>,
  ): void {
    this.#engine = engine;
    this.#signal = signal;
    this.#round++;
    this.#listed = [];
    this.#later.clear();
    this.#before.clear();
    const due = new Set(directories);
    for (const node of due) {
      let above = node.parent;
      while (above && !due.has(above)) above = above.parent;
      const later = above && this.#later.get(above);
      if (later) later.push(node);
      else if (above) this.#later.set(above, [node]);
      else this.#begin(node);
    }
  }

  /**
   * Puts a directory in line to be listed again, because something in it is not what it was; or, if the directory itself or
   * one above it was replaced, the one above that.
   */
  relist(node: DirectoryNode<T>): void {
    if (node.state === 'detached') return;
    const replaced = this.#highestReplaced(node);
    if (replaced?.node === this.top) {
      this.#giveUp(this.top);
      return;
    }
    const again = replaced?.node.parent ?? node;
    if (again.isInLine) return;
    this.#countAnew(again);
    if (again.relists < MAX_RELISTS) {
      again.relists++;
      this.#enqueue(again);
    } else if (replaced?.isMissing === true) {
      if (replaced.node.parent) this.#options.onTouched?.(replaced.node.parent);
      replaced.node.remove();
    } else if (replaced) {
      this.#giveUp(replaced.node);
    } else if (node.listing === undefined) {
      this.#giveUp(node);
    }
  }

  /**
   * Looks once more whether the path of the top leads to the directory that was listed, and gives it up otherwise: an
   * engine that holds the root open does not notice, while rules and problems are looked for by path.
   */
  confirmTop(): void {
    if (checkIdentity(this.#calls, this.#options.root, this.top) !== 'same') this.#giveUp(this.top);
  }

  /** Returns whether there is nothing any more under a tree path. */
  isMissing(path: string): boolean {
    return checkIdentity(this.#calls, this.#options.root, { path, dev: 0n, ino: 0n }) === 'missing';
  }

  /** Lets go of what is held open. The tree can be read as before, and deep directories be listed no more. */
  close(): void {
    for (const held of this.#held.splice(0)) held.close();
  }

  #enqueue(node: DirectoryNode<T>): void {
    if (node.isInLine) return;
    this.#options.onTouched?.(node);
    node.state = 'waiting';
    this.#waiting.push(node);
  }

  #begin(node: DirectoryNode<T>): void {
    if (node.state === 'detached') return;
    this.#enqueue(node);
    const { listing, value, children, leftOut, problems } = node;
    if (listing && problems.length === 0) this.#before.set(node, { listing, value, children, leftOut });
    node.listing = undefined;
    node.value = undefined;
    node.problems = NO_PROBLEMS;
    // What can be listed no more keeps none of what it was listed with.
    node.leftOut = NOTHING_LEFT_OUT;
    node.excludedLines = NO_RANGES;
    node.excludedFiles = NO_NAMES;
  }

  #beginBelow(node: DirectoryNode<T>): void {
    const later = this.#later.get(node);
    if (!later) return;
    this.#later.delete(node);
    for (const below of later) this.#begin(below);
  }

  #giveUp(node: DirectoryNode<T>): void {
    this.#options.onTouched?.(node);
    node.giveUp();
  }

  /** What was counted in an earlier round says nothing of this one. */
  #countAnew(node: DirectoryNode<T>): void {
    if (node.round === this.#round) return;
    node.round = this.#round;
    node.attempts = 0;
    node.relists = 0;
  }

  async #listBatch(): Promise<void> {
    const { onListed, inotify } = this.#options;
    const [engine, signal] = [this.#engine, this.#signal];
    const large = this.#large.length > 0;
    const next = large
      ? this.#large.splice(-1)
      : this.#waiting.splice(-engine.batchSize(this.#waiting.length));
    const batch = next.filter(({ state }) => state !== 'detached');
    for (const node of batch) node.state = 'listing';
    // What was listed before may have been read since, and is then compared by its stat.
    const allDetails =
      this.#round > 0 || this.#options.allDetails?.() === true || batch.some(({ listing }) => listing);
    const reply = await engine.scan(batch, { signal, large, allDetails, inotify });
    const listings = listingsIn(reply);
    // Without rules at the top there are none below.
    const entering = this.#options.ignore && batch.map((node, i) => this.#enter(node, itemOf(listings, i)));
    for (let i = 0; i < batch.length; i++) {
      const node = itemOf(batch, i);
      const pending = entering?.[i];
      const entered = pending instanceof Promise ? await pending : pending;
      if (node.state === 'detached') continue;
      if (!this.#take(node, itemOf(listings, i), entered)) continue;
      const told = node.listing && onListed?.(node, node.listing);
      if (told) await told;
    }
  }

  /** Returns the rules for what is in a directory that was listed; what was not listed keeps its rules. */
  #enter(node: DirectoryNode<T>, listing: Listing): EnteredRules | Promise<EnteredRules> | undefined {
    const outer = node.parent ? node.parent.rules : this.#options.ignore;
    if (!outer || listing.outcome !== 'listed' || node.state === 'detached') return undefined;
    const mayHold = (name: string) => listing.mayHold(name);
    const { path, rules: before } = node;
    const entered = outer.enter?.({ root: this.#options.root, path, mayHold, before });
    return entered ?? { rules: outer, problems: NO_PROBLEMS };
  }

  /** Returns whether the directory was listed. */
  #take(node: DirectoryNode<T>, listing: Listing, entered: EnteredRules | undefined): boolean {
    switch (listing.outcome) {
      case 'too-large':
        node.state = 'waiting';
        this.#large.push(node);
        return false;
      case 'failed':
        node.fail(systemProblem(node.path, listing.operation, listing.errno));
        return false;
      case 'moved':
        // Neither in line nor listed, so that it is put in line again, or given up.
        node.state = node.listing ? 'listed' : 'failed';
        node.problems =
          listing.errno === 0 ? NO_PROBLEMS : [systemProblem(node.path, listing.operation, listing.errno)];
        this.relist(node);
        return false;
      case 'listed':
        node.state = 'listed';
        this.#listed?.push(node);
        if (!this.#takeAsBefore(node, listing, entered)) {
          // Of a round that lists some directories, few may change: they must not keep the memory of the others.
          node.listing = this.#round > 0 ? listing.copy() : listing;
          node.rules = entered?.rules;
          this.#takeEntries(node, node.listing, entered?.problems ?? NO_PROBLEMS);
        }
        this.#beginBelow(node);
        return true;
    }
  }

  /** Takes back what was known of a directory if it is as it was, with the same rules; returns whether it is. */
  #takeAsBefore(node: DirectoryNode<T>, listing: Listing, entered: EnteredRules | undefined): boolean {
    const before = this.#before.get(node);
    this.#before.delete(node);
    if (!before?.listing.isSameAs(listing)) return false;
    if (node.rules !== entered?.rules || (entered && entered.problems.length > 0)) return false;
    // What was tried meanwhile, and failed, has lost them.
    if (node.children !== before.children) return false;
    for (const { state } of node.children.values()) if (state === 'failed') return false;
    Object.assign(node, before);
    return true;
  }

  /** Applies the rules, and puts the directories in line; those that were there before stay as they are. */
  #takeEntries(node: DirectoryNode<T>, listing: Listing, ruleProblems: readonly Problem[]): void {
    const { prefix, rules } = node;
    node.leftOut = skippedIn(listing);
    node.excludedLines = NO_RANGES;
    node.excludedFiles = NO_NAMES;
    node.problems = ruleProblems;
    // Most directories end here.
    if (!rules && node.children.size === 0 && listing.files === listing.length) return;
    const base = this.#baseBelow(node);
    const children = new Map<string, DirectoryNode<T>>();
    const mayLeaveOut =
      rules !== undefined || this.#options.oneFileSystem === true || ruleProblems.length > 0;
    if (!mayLeaveOut && node.children.size === 0 && listing.failed === 0) {
      for (const { name, stat, slice } of listing.subdirectories()) {
        const child = new DirectoryNode<T>(prefix + name, stat, node, slice, base);
        children.set(name, child);
        this.#takeChild(child, undefined);
      }
      node.children = children;
      return;
    }
    const before = new Map(node.children);
    const leftOut: Partial<Record<LeftOutKind, number>> = { ...node.leftOut };
    const excludedLines: LineRange[] = [];
    const excludedFiles: string[] = [];
    const problems: Problem[] = [];
    for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
      const { match } = cursor;
      if (isFile(match) && !rules) continue;
      const { name } = cursor;
      const path = prefix + name;
      const why = whyLeftOut(rules, path, typeOf(cursor), this.#isElsewhere(cursor));
      if (why !== undefined) {
        if (match === DIRECTORY) excludedLines.push(cursor.slice);
        else if (match !== NEW && match !== FAILED) excludedFiles.push(name);
        listing.leaveOut(cursor);
        leftOut[why] = (leftOut[why] ?? 0) + 1;
      } else if (match === DIRECTORY) {
        const known = before.get(name);
        const { stat } = cursor;
        const isSame = known !== undefined && isSameInode(known, stat);
        const child = isSame ? known : new DirectoryNode<T>(path, stat, node, cursor.slice, base);
        if (isSame) before.delete(name);
        children.set(name, child);
        this.#takeChild(child, known);
      } else if (match === FAILED) {
        problems.push(systemProblem(path, 'lstat', cursor.failure.errno));
      } else if (ruleProblems.some((problem) => problem.path === path)) {
        // It is named as a problem, so it is not listed as well.
        listing.leaveOut(cursor);
      }
    }
    for (const gone of before.values()) gone.detach();
    Object.assign(node, { children, leftOut, excludedLines, excludedFiles });
    if (problems.length + ruleProblems.length === 0) return;
    const known = new PathSet(problems.map(({ path }) => path));
    node.problems = [...problems, ...ruleProblems.filter(({ path }) => !known.has(path))];
  }

  /** Returns whether an entry is a directory on another device that the tree is not to enter. */
  #isElsewhere(cursor: EntryCursor): boolean {
    const { oneFileSystem = false } = this.#options;
    return oneFileSystem && cursor.match === DIRECTORY && cursor.stat.dev !== this.top.dev;
  }

  /** Puts a directory in line, unless it is the one that was known under its name and is listed. */
  #takeChild(child: DirectoryNode<T>, known: DirectoryNode<T> | undefined): void {
    if (child === known && child.state !== 'failed') return;
    child.attempts = known?.round === this.#round ? known.attempts : 0;
    child.round = this.#round;
    if (child.attempts === MAX_ATTEMPTS) {
      this.#giveUp(child);
    } else {
      child.attempts++;
      this.#enqueue(child);
    }
  }

  /** Returns where the paths of the directories in one begin. */
  #baseBelow(node: DirectoryNode<T>): Base | undefined {
    const { path, base } = node;
    if (path.length - (base?.length ?? 0) < MAX_WALKED || this.#held.length === MAX_HELD) return base;
    try {
      const held = this.#calls.hold?.(nativePathOf(this.#options.root, node));
      if (!held) return base;
      this.#held.push(held);
      const { path: heldPath, descriptor } = held;
      return held.is(node) ? { path: heldPath, descriptor, length: path.length + 1 } : base;
    } catch {
      // Gone, or no descriptors left: whoever lists what is below will say so.
      return base;
    }
  }

  /** Looks from the directory up, so that each is looked at before the one that it is in. */
  #highestReplaced(
    node: DirectoryNode<T>,
  ): { readonly node: DirectoryNode<T>; readonly isMissing: boolean } | undefined {
    let highest;
    for (let at: DirectoryNode<T> | undefined = node; at; at = at.parent) {
      const check = checkIdentity(this.#calls, this.#options.root, at);
      if (check !== 'same') highest = { node: at, isMissing: check === 'missing' };
    }
    return highest;
  }
}

/** Returns how many entries an engine skipped, by kind. */
function skippedIn(listing: Listing): Readonly<Partial<Record<LeftOutKind, number>>> {
  if (!listing.hasSkipped) return NOTHING_LEFT_OUT;
  const counts: Partial<Record<LeftOutKind, number>> = {};
  for (const [i, kind] of SKIPPED_BY_ENGINE.entries()) {
    const count = listing.skipped(i);
    if (count > 0) counts[kind] = count;
  }
  return counts;
}

/** The type of an entry that no scan skips by itself; `unknown` where it cannot be statted and no listing tells. */
export type EntryType = 'file' | 'directory' | 'unknown';

function typeOf(cursor: EntryCursor): EntryType {
  const { match } = cursor;
  if (match !== FAILED) return match === DIRECTORY ? 'directory' : 'file';
  const { type } = cursor.failure;
  return type === DT_DIR ? 'directory' : type === DT_UNKNOWN ? 'unknown' : 'file';
}

/** Returns why an entry is left out; `undefined` where it is not. The rules must leave out what is `unknown` as either type. */
export function whyLeftOut(
  rules: IgnoreRules | undefined,
  path: string,
  type: EntryType,
  isElsewhere: boolean,
): 'ignored' | 'other-device' | undefined {
  const isIgnored =
    rules !== undefined &&
    (type === 'directory' || rules.ignores(path, false)) &&
    (type === 'file' || rules.ignores(path, true));
  if (isIgnored) return 'ignored';
  return isElsewhere ? 'other-device' : undefined;
}
