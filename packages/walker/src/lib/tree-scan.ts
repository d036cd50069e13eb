import type { BigIntStats } from 'node:fs';
import { DirectoryNode, type Listing } from './directory-node.js';
import { fateOf, type Fate } from './fate-of.js';
import { DIRECTORY, FILE, LEFT_OUT } from './kinds.js';
import { StatView } from './packed-stats.js';
import { tornDirectory } from './problems.js';
import type { ScanReply } from './scan-batch.js';
import { systemCalls, type ScanCalls } from './scan-calls.js';
import type { DirectoryToScan } from './scan-directory.js';
import type { ScanExecutor } from './scan-executor.js';
import {
  RESERVED_NAMES,
  type EnteredDirectory,
  type EnteredRules,
  type IgnoreRules,
  type LeftOutKind,
  type WalkProblem,
} from './types.js';

/** What a scan is of, and who hears of it. */
export interface TreeScanOptions<T> {
  /** The root's native path, links resolved; may hold escaped bytes. */
  readonly root: string;
  /**
   * The tree path of the one directory to scan, which lies where `resolveSubtree` has found it, and is not left out. All tree paths are
   * still from the root. Default: `''`, the root.
   */
  readonly path?: string | undefined;
  /** The identity of the root, or of that directory, as it was when it was opened. */
  readonly identity: Pick<BigIntStats, 'dev' | 'ino'>;
  readonly executor: ScanExecutor;
  /** The rules for what is in the directory above, as `rulesAbove` returns them; for the root, its own. */
  readonly ignore?: IgnoreRules | undefined;
  readonly oneFileSystem?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each directory once it is listed, and again if it is listed again. */
  readonly onListed?: ((directory: DirectoryNode<T>) => Promise<void> | void) | undefined;
  /** For the few calls that this thread makes itself. Default: the system's. */
  readonly calls?: ScanCalls | undefined;
}

/** How often one name is tried at most, whatever directory it leads to, before it is a problem. */
const MAX_TRIES = 4;
/** How often one directory is listed again at most, for the sake of all that moves in it. */
const MAX_REFRESHES = 32;

/**
 * Scans a tree: lists its root, then what that holds, until nothing is left. Where a directory turns out to be another
 * one than was listed, the directory above is listed again, so that nothing outside the root is ever taken for part
 * of it.
 */
export class TreeScan<T> {
  /** The directory where it begins. Never listed where a rule leaves it out. */
  readonly root: DirectoryNode<T>;
  readonly #options: TreeScanOptions<T>;
  readonly #pending: DirectoryNode<T>[];
  /** Those of the pending directories that are too large for this thread. */
  readonly #large: DirectoryNode<T>[] = [];

  constructor(options: TreeScanOptions<T>) {
    this.#options = options;
    this.root = new DirectoryNode<T>(options.path ?? '', options.identity, undefined);
    this.#pending = [this.root];
  }

  /** Lists until nothing is left to list. Rejects when aborted or when a thread fails, and then nothing is under way. */
  async drain(): Promise<void> {
    const { executor, signal } = this.#options;
    const underWay = new Set<Promise<void>>();
    try {
      for (;;) {
        signal?.throwIfAborted();
        while (this.#pending.length + this.#large.length > 0 && underWay.size < executor.capacity) {
          const listed = this.#listSome().finally(() => underWay.delete(listed));
          underWay.add(listed);
        }
        if (underWay.size === 0) return;
        await Promise.race(underWay);
      }
    } finally {
      await Promise.allSettled(underWay);
    }
  }

  /**
   * Has a directory listed again by the next `drain`, because something in it is not what it was; or, if the directory
   * itself or one above it was replaced, the one above that.
   */
  refresh(node: DirectoryNode<T>): void {
    if (!node.attached) return;
    const replaced = this.#highestReplaced(node);
    if (replaced?.node === this.root) {
      if (this.root.problems.length === 0) this.root.problems = [tornDirectory(this.root.path)];
      return;
    }
    const again = replaced?.node.parent ?? node;
    if (again.queued || again.refreshes < MAX_REFRESHES) {
      if (!again.queued) again.refreshes++;
      this.#enqueue(again);
    } else if (replaced?.fate === 'gone') {
      replaced.node.remove();
    } else if (replaced) {
      giveUpOn(replaced.node);
    } else if (node.listing === undefined) {
      giveUpOn(node);
    }
  }

  /** Looks whether there is nothing any more where an entry was listed. */
  isGone(path: string): boolean {
    const { root, calls = systemCalls } = this.#options;
    return fateOf(calls, root, { path, dev: 0n, ino: 0n }) === 'gone';
  }

  async #listSome(): Promise<void> {
    const { executor, root, signal } = this.#options;
    const isLarge = this.#large.length > 0;
    const next = isLarge
      ? this.#large.splice(-1)
      : this.#pending.splice(-executor.batchSize(this.#pending.length));
    const batch = next.filter(({ attached }) => attached);
    const directories: DirectoryToScan[] = batch.map(({ path, dev, ino, note }) => ({
      path,
      dev,
      ino,
      note,
    }));
    const reply = await executor.scan({ kind: 'scan', root, directories }, { signal, isLarge });
    await this.#take(batch, reply);
  }

  async #take(batch: readonly DirectoryNode<T>[], reply: ScanReply): Promise<void> {
    const remarks = new Map(reply.remarks.map((remark) => [remark.index, remark]));
    const troubles = await this.#enter(batch, reply);
    let from = 0;
    for (const [index, node] of batch.entries()) {
      const { names, kinds, stats, notes } = reply;
      const to = from + (reply.counts[index] ?? 0);
      const listing: Listing = { names, kinds, stats, notes, from, to };
      from = to;
      node.queued = false;
      if (!node.attached) continue;
      if (!this.#takeListing(node, listing, remarks.get(index), troubles?.[index] ?? NO_PROBLEMS)) continue;
      const told = this.#options.onListed?.(node);
      if (told) await told;
    }
  }

  /** Returns whether the directory was listed. */
  #takeListing(
    node: DirectoryNode<T>,
    listing: Listing,
    remark: ScanReply['remarks'][number] | undefined,
    trouble: readonly WalkProblem[],
  ): boolean {
    if (remark?.outcome === 'declined') {
      node.queued = true;
      this.#large.push(node);
      return false;
    }
    node.problems = remark?.problems ?? NO_PROBLEMS;
    if (remark?.outcome === 'moved') {
      // What was found in another directory is no problem of this one.
      node.problems = node.problems.filter(({ path }) => path === node.path);
      this.refresh(node);
    }
    if (remark?.outcome === 'moved' || remark?.outcome === 'failed') return false;
    node.listing = listing;
    node.leftOut = [...(remark?.leftOut ?? [])];
    this.#forgiveIgnored(node, remark?.areDirectories ?? []);
    this.#takeEntries(node, listing, trouble);
    if (trouble.length > 0) addTrouble(node, trouble);
    return true;
  }

  /** Gives each directory the rules for what is in it, and returns what is wrong with them. */
  async #enter(
    batch: readonly DirectoryNode<T>[],
    { names, kinds, counts, remarks }: ScanReply,
  ): Promise<(readonly WalkProblem[])[] | undefined> {
    const { root } = this.#options;
    if (!this.#options.ignore) return undefined;
    const remarkOf = new Map(remarks.map((remark) => [remark.index, remark]));
    let from = 0;
    const entered: (EnteredRules | Promise<EnteredRules> | undefined)[] = [];
    for (const [index, node] of batch.entries()) {
      const start = from;
      const end = (from += counts[index] ?? 0);
      const { outcome = 'listed', leftOut = [] } = remarkOf.get(index) ?? {};
      const mayHold = (name: string) => {
        if (RESERVED_NAMES.includes(name)) return leftOut.includes('reserved');
        for (let i = start; i < end; i++) if (names[i] === name) return kinds[i] === FILE;
        return leftOut.some((kind) => kind !== 'reserved');
      };
      const outer = node.parent ? node.parent.rules : this.#options.ignore;
      // What was not listed keeps its rules: what is below it may be judged by them meanwhile.
      const isListed = node.attached && outcome === 'listed';
      entered.push(isListed ? enterWith(outer, { root, path: node.path, mayHold }) : undefined);
    }
    const done = await Promise.all(entered.map((each) => Promise.resolve(each)));
    for (const [index, node] of batch.entries()) node.rules = done[index]?.rules ?? node.rules;
    return done.map((each) => each?.problems ?? NO_PROBLEMS);
  }

  /** Applies the rules, and puts the directories in line; those that were there before stay as they are. */
  #takeEntries(
    node: DirectoryNode<T>,
    { names, kinds, stats, notes, from, to }: Listing,
    troubles: readonly WalkProblem[],
  ): void {
    const { oneFileSystem } = this.#options;
    const { prefix, rules: ignore } = node;
    const view = new StatView(stats);
    const before = new Map(node.children);
    node.children.clear();
    for (let i = from; i < to; i++) {
      const name = names[i] ?? '';
      const directory = kinds[i] === DIRECTORY;
      if (!directory && !ignore) continue;
      view.at(i);
      const why =
        ignore || oneFileSystem ? this.#whyLeftOut(ignore, prefix + name, directory, view) : undefined;
      if (why !== undefined) {
        kinds[i] = LEFT_OUT;
        node.leftOut.push(why);
      } else if (directory) {
        this.#takeChild(node, name, view, before.get(name), notes?.[i]);
        if (node.children.get(name) === before.get(name)) before.delete(name);
      } else if (troubles.some(({ path }) => path === prefix + name)) {
        // It is named as a problem, so it is not listed as well.
        kinds[i] = LEFT_OUT;
      }
    }
    for (const gone of before.values()) gone.detach();
    // Most directories have none below them, and each could hold a list of its own.
    if (node.children.size === 0) node.rules = undefined;
  }

  #takeChild(
    node: DirectoryNode<T>,
    name: string,
    identity: StatView,
    known: DirectoryNode<T> | undefined,
    note: number | undefined,
  ): void {
    const { dev, ino } = identity;
    const same = known?.dev === dev && known.ino === ino;
    const child = same ? known : new DirectoryNode<T>(node.prefix + name, { dev, ino }, node, note);
    child.tries = known?.tries ?? 0;
    node.children.set(name, child);
    if (child.queued || (child.listing !== undefined && !child.failed)) return;
    if (child.tries === MAX_TRIES) {
      giveUpOn(child);
    } else {
      child.tries++;
      this.#enqueue(child);
    }
  }

  /**
   * An entry that could not be statted is no problem where the rules leave it out: as what the listing says that it is, or
   * else whatever it is.
   */
  #forgiveIgnored(node: DirectoryNode<T>, areDirectories: readonly (boolean | undefined)[]): void {
    const { rules: ignore } = node;
    if (!ignore || node.problems.length === 0) return;
    const kept = node.problems.filter(({ path }, index) => {
      const may = areDirectories[index] === undefined ? [false, true] : [areDirectories[index]];
      return !may.every((directory) => ignore.ignores(path, directory));
    });
    for (let i = kept.length; i < node.problems.length; i++) node.leftOut.push('ignored');
    node.problems = kept;
  }

  #whyLeftOut(
    ignore: IgnoreRules | undefined,
    path: string,
    directory: boolean,
    { dev }: StatView,
  ): LeftOutKind | undefined {
    const { oneFileSystem = false } = this.#options;
    if (ignore?.ignores(path, directory)) return 'ignored';
    if (oneFileSystem && directory && dev !== this.root.dev) return 'other-device';
    return undefined;
  }

  #enqueue(node: DirectoryNode<T>): void {
    if (node.queued) return;
    node.queued = true;
    this.#pending.push(node);
  }

  /** Looks from the directory up, so that each is looked at before the one that it is in. */
  #highestReplaced(node: DirectoryNode<T>): { node: DirectoryNode<T>; fate: Fate } | undefined {
    const { root, calls = systemCalls } = this.#options;
    let highest: { node: DirectoryNode<T>; fate: Fate } | undefined;
    for (let at: DirectoryNode<T> | undefined = node; at; at = at.parent) {
      const fate = fateOf(calls, root, at);
      if (fate !== 'same') highest = { node: at, fate };
    }
    return highest;
  }
}

function enterWith(
  rules: IgnoreRules | undefined,
  directory: EnteredDirectory,
): EnteredRules | Promise<EnteredRules> | undefined {
  return rules && (rules.enter?.(directory) ?? { rules, problems: NO_PROBLEMS });
}

const NO_PROBLEMS: readonly WalkProblem[] = [];

function addTrouble(node: DirectoryNode<unknown>, trouble: readonly WalkProblem[]): void {
  const known = new Set(node.problems.map(({ path }) => path));
  node.problems = [...node.problems, ...trouble.filter(({ path }) => !known.has(path))];
}

function giveUpOn(node: DirectoryNode<unknown>): void {
  if (node.problems.length === 0) node.problems = [tornDirectory(node.path)];
}
