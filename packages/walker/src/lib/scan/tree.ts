import { PathSet, type HeldDirectory } from '@muse/paths';
import { systemProblem, tornDirectory } from '../problems.js';
import type { EnteredRules, IgnoreRules, LeftOutKind, WalkProblem } from '../types.js';
import { systemCalls, type ScanCalls } from './calls.js';
import { checkIdentity, type IdentityCheck } from './check-identity.js';
import { DirectoryNode, nativePathOf, type Base, type DirectoryToScan } from './directory.js';
import type { ScanEngine } from './engine.js';
import { DT_DIR, DT_UNKNOWN } from './scan-directory.js';
import {
  DIRECTORY,
  FAILED,
  isFile,
  itemOf,
  listingsIn,
  NEW,
  SKIPPED_BY_ENGINE,
  type LineRange,
  type Listing,
} from './reply.js';

/** What a tree is of, and who lists it. */
export interface TreeOptions<T> {
  /** The root's native path, links resolved; may hold escaped bytes. */
  readonly root: string;
  /** The tree path of the directory where the tree begins; all tree paths are still from the root. Default: `''`. */
  readonly path?: string | undefined;
  /** The identity that the root, or that directory, had when it was resolved. */
  readonly identity: Pick<DirectoryToScan, 'dev' | 'ino'>;
  /** The stored lines of all that is below it. Default: none. */
  readonly slice?: LineRange | undefined;
  readonly engine: ScanEngine;
  /** The rules for what is in the directory above, as `rulesAbove` returns them; for the root, its own. */
  readonly ignore?: IgnoreRules | undefined;
  readonly oneFileSystem?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each directory once it is listed, and again when it is listed again. */
  readonly onListed?: ((directory: DirectoryNode<T>, listing: Listing) => Promise<void> | void) | undefined;
  /** The few calls that this thread makes itself. Default: the system's. */
  readonly calls?: ScanCalls | undefined;
}

/** How many directories of one name are tried, one after the other, before the name is a problem. */
const MAX_ATTEMPTS = 4;
/** How often one directory is listed again for the sake of what moves in it. */
const MAX_RELISTS = 32;
/** Characters of a path that the system walks down for each directory; from there on one on the way is held open. */
const MAX_WALKED = 1024;
/** The most directories that are held open for that. */
const MAX_HELD = 64;
const NO_LINES: LineRange = { from: 0, to: 0 };
const NO_PROBLEMS: readonly WalkProblem[] = [];

/**
 * A tree of directories, listed from the root down until none waits. Where a directory turns out to be another one than
 * was listed, the directory above is listed again, so that nothing outside the root is ever taken for part of it.
 */
export class Tree<T> {
  /** The directory where the tree begins. */
  readonly top: DirectoryNode<T>;
  readonly #options: TreeOptions<T>;
  readonly #waiting: DirectoryNode<T>[] = [];
  /** Those of the waiting directories that are too large for this thread. */
  readonly #large: DirectoryNode<T>[] = [];
  /** Directories that are held open because much is below them. */
  readonly #held: HeldDirectory[] = [];

  constructor(options: TreeOptions<T>) {
    this.#options = options;
    const { path = '', identity, slice = NO_LINES } = options;
    this.top = new DirectoryNode<T>(path, identity, undefined, slice);
    this.#enqueue(this.top);
  }

  /** Lists until no directory waits. Rejects when aborted or when the engine fails, and then nothing is under way. */
  async list(): Promise<void> {
    const { engine, signal } = this.#options;
    const underWay = new Set<Promise<void>>();
    try {
      for (;;) {
        signal?.throwIfAborted();
        while (this.#waiting.length + this.#large.length > 0 && underWay.size < engine.capacity) {
          const batch = this.#listBatch().finally(() => underWay.delete(batch));
          underWay.add(batch);
        }
        if (underWay.size === 0) return;
        await Promise.race(underWay);
      }
    } finally {
      await Promise.allSettled(underWay);
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
      giveUpOn(this.top);
      return;
    }
    const again = replaced?.node.parent ?? node;
    if (isInLine(again)) return;
    if (again.relists < MAX_RELISTS) {
      again.relists++;
      this.#enqueue(again);
    } else if (replaced?.check === 'missing') {
      replaced.node.remove();
    } else if (replaced) {
      giveUpOn(replaced.node);
    } else if (node.listing === undefined) {
      giveUpOn(node);
    }
  }

  /** Returns whether there is nothing any more under a tree path. */
  isMissing(path: string): boolean {
    const { root, calls = systemCalls } = this.#options;
    return checkIdentity(calls, root, { path, dev: 0n, ino: 0n }) === 'missing';
  }

  /** Lets go of what is held open. The tree can be read as before, and deep directories be listed no more. */
  close(): void {
    for (const held of this.#held.splice(0)) held.close();
  }

  async #listBatch(): Promise<void> {
    const { engine, signal } = this.#options;
    const large = this.#large.length > 0;
    const next = large
      ? this.#large.splice(-1)
      : this.#waiting.splice(-engine.batchSize(this.#waiting.length));
    const batch = next.filter(({ state }) => state !== 'detached');
    for (const node of batch) node.state = 'listing';
    const reply = await engine.scan(batch, { signal, large });
    const listings = [...listingsIn(reply)];
    const entering = batch.map((node, i) => this.#enter(node, itemOf(listings, i)));
    for (const [i, node] of batch.entries()) {
      const pending = entering[i];
      const entered = pending instanceof Promise ? await pending : pending;
      if (node.state === 'detached') continue;
      const listing = itemOf(listings, i);
      if (!this.#take(node, listing, entered)) continue;
      const told = this.#options.onListed?.(node, listing);
      if (told) await told;
    }
  }

  /** Returns the rules for what is in a directory that was listed; what was not listed keeps its rules. */
  #enter(node: DirectoryNode<T>, listing: Listing): EnteredRules | Promise<EnteredRules> | undefined {
    const outer = node.parent ? node.parent.rules : this.#options.ignore;
    if (!outer || listing.outcome !== 'listed' || node.state === 'detached') return undefined;
    const mayHold = (name: string) => listing.mayHold(name);
    return (
      outer.enter?.({ root: this.#options.root, path: node.path, mayHold }) ?? {
        rules: outer,
        problems: NO_PROBLEMS,
      }
    );
  }

  /** Returns whether the directory was listed. */
  #take(node: DirectoryNode<T>, listing: Listing, entered: EnteredRules | undefined): boolean {
    switch (listing.outcome) {
      case 'too-large':
        node.state = 'waiting';
        this.#large.push(node);
        return false;
      case 'failed':
        node.state = 'failed';
        node.problems = [problemOfListing(node, listing)];
        return false;
      case 'moved':
        // Neither in line nor listed, so that it is put in line again, or given up.
        node.state = node.listing ? 'listed' : 'failed';
        node.problems = listing.errno === 0 ? NO_PROBLEMS : [problemOfListing(node, listing)];
        this.relist(node);
        return false;
      case 'listed':
        node.state = 'listed';
        node.listing = listing;
        node.rules = entered?.rules;
        this.#takeEntries(node, listing, entered?.problems ?? NO_PROBLEMS);
        return true;
    }
  }

  /** Applies the rules, and puts the directories in line; those that were there before stay as they are. */
  #takeEntries(node: DirectoryNode<T>, listing: Listing, ruleProblems: readonly WalkProblem[]): void {
    const { prefix, rules } = node;
    const { oneFileSystem = false } = this.#options;
    node.leftOut = skippedIn(listing);
    node.excludedLines = [];
    node.excludedFiles = [];
    node.problems = ruleProblems;
    // Most directories end here.
    if (!rules && listing.hasOnlyFiles && node.children.size === 0) return;
    const before = new Map(node.children);
    const problems: WalkProblem[] = [];
    node.children.clear();
    const base = this.#baseBelow(node);
    const names = listing.names;
    for (let entry = 0; entry < listing.length; entry++, names.next()) {
      const match = listing.match(entry);
      if (isFile(match) && !rules) continue;
      const path = prefix + names.text;
      const why = this.#whyLeftOut(path, match, listing, entry, { rules, oneFileSystem });
      if (why !== undefined) {
        if (match === DIRECTORY) node.excludedLines.push(listing.slice(entry));
        else if (match !== NEW && match !== FAILED) node.excludedFiles.push(path.slice(prefix.length));
        listing.leaveOut(entry);
        node.leftOut[why] = (node.leftOut[why] ?? 0) + 1;
      } else if (match === DIRECTORY) {
        const name = path.slice(prefix.length);
        this.#takeChild(node, name, listing, entry, { known: before.get(name), base });
        if (node.children.get(name) === before.get(name)) before.delete(name);
      } else if (match === FAILED) {
        problems.push(systemProblem(path, 'lstat', listing.failure(entry).errno));
      } else if (ruleProblems.some((problem) => problem.path === path)) {
        // It is named as a problem, so it is not listed as well.
        listing.leaveOut(entry);
      }
    }
    for (const gone of before.values()) gone.detach();
    const known = new PathSet(problems.map(({ path }) => path));
    node.problems = [...problems, ...ruleProblems.filter(({ path }) => !known.has(path))];
  }

  #whyLeftOut(
    path: string,
    match: number,
    listing: Listing,
    entry: number,
    { rules, oneFileSystem }: { readonly rules: IgnoreRules | undefined; readonly oneFileSystem: boolean },
  ): LeftOutKind | undefined {
    if (match === FAILED)
      return rules && isIgnoredAsAny(rules, path, listing.failure(entry).type) ? 'ignored' : undefined;
    if (rules?.ignores(path, match === DIRECTORY)) return 'ignored';
    if (oneFileSystem && match === DIRECTORY && listing.stat(entry).dev !== this.top.dev)
      return 'other-device';
    return undefined;
  }

  #takeChild(
    node: DirectoryNode<T>,
    name: string,
    listing: Listing,
    entry: number,
    { known, base }: { readonly known: DirectoryNode<T> | undefined; readonly base: Base | undefined },
  ): void {
    const { dev, ino } = listing.stat(entry);
    const same = known?.dev === dev && known.ino === ino;
    const child = same
      ? known
      : new DirectoryNode<T>(node.prefix + name, { dev, ino }, node, listing.slice(entry), base);
    child.attempts = known?.attempts ?? 0;
    node.children.set(name, child);
    if (same && child.state !== 'failed') return;
    if (child.attempts === MAX_ATTEMPTS) {
      giveUpOn(child);
    } else {
      child.attempts++;
      this.#enqueue(child);
    }
  }

  /** Returns what the directories in one are reached from. */
  #baseBelow(node: DirectoryNode<T>): Base | undefined {
    const { root, calls = systemCalls } = this.#options;
    const { path, base } = node;
    if (path.length - (base?.length ?? 0) < MAX_WALKED || this.#held.length === MAX_HELD) return base;
    try {
      const held = calls.hold?.(nativePathOf(root, node));
      if (!held) return base;
      this.#held.push(held);
      return held.is(node) ? { path: held.path, length: path.length + 1 } : base;
    } catch {
      // Gone, or no descriptors left: whoever lists what is below will say so.
      return base;
    }
  }

  #enqueue(node: DirectoryNode<T>): void {
    if (isInLine(node)) return;
    node.state = 'waiting';
    this.#waiting.push(node);
  }

  /** Looks from the directory up, so that each is looked at before the one that it is in. */
  #highestReplaced(
    node: DirectoryNode<T>,
  ): { readonly node: DirectoryNode<T>; readonly check: IdentityCheck } | undefined {
    const { root, calls = systemCalls } = this.#options;
    let highest;
    for (let at: DirectoryNode<T> | undefined = node; at; at = at.parent) {
      const check = checkIdentity(calls, root, at);
      if (check !== 'same') highest = { node: at, check };
    }
    return highest;
  }
}

function isInLine({ state }: DirectoryNode<unknown>): boolean {
  return state === 'waiting' || state === 'listing';
}

/** Names a directory as a problem, unless it is one. */
function giveUpOn(node: DirectoryNode<unknown>): void {
  node.state = 'failed';
  if (node.problems.length === 0) node.problems = [tornDirectory(node.path)];
}

function problemOfListing({ path }: DirectoryNode<unknown>, { operation, errno }: Listing): WalkProblem {
  return systemProblem(path, operation, errno);
}

/** Returns how many entries an engine skipped, by kind. */
function skippedIn(listing: Listing): Partial<Record<LeftOutKind, number>> {
  const counts: Partial<Record<LeftOutKind, number>> = {};
  for (let kind = 0; kind < SKIPPED_BY_ENGINE.length; kind++) {
    const count = listing.skipped(kind);
    if (count > 0) counts[itemOf(SKIPPED_BY_ENGINE, kind)] = count;
  }
  return counts;
}

/** An entry that could not be statted is what its listing calls it; where that says nothing, the rules are asked of both. */
function isIgnoredAsAny(rules: IgnoreRules, path: string, type: number): boolean {
  const isIgnoredFile = type === DT_DIR || rules.ignores(path, false);
  return isIgnoredFile && ((type !== DT_DIR && type !== DT_UNKNOWN) || rules.ignores(path, true));
}
