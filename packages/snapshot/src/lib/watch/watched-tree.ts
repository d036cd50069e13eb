import { DIRECTORY, directoriesOf, isFile, RESERVED_NAMES, type Listing } from '@muse/walker/scan';
import type { TakenTree, TreeKeeper } from '../take/take-snapshot.js';
import { EVENT, eventsIn, type Event, type EventSource } from './events.js';
import type { Directory } from './flat-id.js';
import { idsOf, stateOf, Version, type DirectoryState } from './versions.js';

/** What a listing changed. */
export interface Finished {
  /** The directories that changed since the last version, as they were then. */
  readonly replaced: ReadonlyMap<Directory, DirectoryState>;
  /** The directories that were listed, and are in the tree. */
  readonly listed: readonly Directory[];
  /** True if all directories are to be listed next, for the same answer. */
  readonly isAllDue: boolean;
}

/** Which names of entries are files of rules for all that is below their directory. */
export type IsRuleFile = (name: string) => boolean;

/** What events told of one directory. */
class Told {
  /** True if a file of rules may have changed: then all below is due as well. */
  hasRules = false;
  /** Files whose content may have changed. */
  readonly written = new Set<string>();
  /** New names of files: each may be another link to a file that is in the tree already. */
  readonly named = new Set<string>();
}

const BUFFER_BYTES = 64 * 1024;
/** Events of directories that are being listed for the first time, until it is known which those are. */
const MOST_HELD = 1 << 16;
/** Names that are remembered until the next question: where nobody asks, a program that makes names makes no end of them. */
const MOST_REMEMBERED = 1 << 16;
/** Inodes of files that once had several names. */
const MOST_LINKED = 1 << 20;
/** A file system's clock may lie this far behind. */
const CLOCK_TICK_NS = 2_000_000_000n;
const CONTENT = EVENT.modified | EVENT.closedAfterWriting;
const NEW_NAME = EVENT.created | EVENT.movedTo;
const GONE_SELF = EVENT.selfDeleted | EVENT.selfMoved;
const RESERVED_KIND = 5;
/** That of a hit when the tree was first listed. */
const UNKNOWN_STAT = { ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n };

/**
 * A tree that is kept, the watches on its directories, and what their events tell: which directories have to be listed
 * anew. An event is a hint about where to look and never says what is there. Whatever an event could have said and did not
 * is looked at anew each time.
 */
export class WatchedTree implements TreeKeeper {
  /** Why events were lost, so that only a scan can tell what is there. */
  lost: string | undefined;
  /** The tree as it was when it was last taken. */
  version!: Version;
  #taken!: TakenTree;
  readonly #source: EventSource;
  readonly #isRuleFile: IsRuleFile;
  readonly #holdsMountedFile: (directory: Directory) => boolean;
  /** Whoever opened one of these by a name that is gone can still write it, and no event tells where it is. */
  readonly #linked: Set<bigint>;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #watched = new Map<number, Directory>();
  readonly #watchOf = new WeakMap<Directory, number>();
  /** Watches that were ended, until the system confirms it. */
  readonly #ended = new Set<number>();
  /** Directories that events told of. */
  #told = new Map<Directory, Told>();
  /** The number of names in these. */
  #remembered = 0;
  /** The same of those that are being listed. */
  #asked: ReadonlyMap<Directory, Told> = new Map();
  /** Files that were moved from where they were, by the cookie of the move, and whether they had been written or named. */
  readonly #moving = new Map<number, { readonly isWritten: boolean; readonly isNamed: boolean }>();
  /** Directories that are listed at each question, because no event tells of all that may change in them. */
  readonly untold = new Set<Directory>();
  /** What the directories were that changed since the last version. */
  #replaced = new Map<Directory, DirectoryState>();
  #listed = new Set<Directory>();
  /** Directories whose watch serves another one now. */
  #outdone = new Set<Directory>();
  #isListing = true;
  #isAdopted = false;
  #held: Event[] = [];
  #isAllDue = false;
  #startedNs = nowNs();
  /** The newest ctime in a listing, since some are looked at in each answer. */
  readonly #newestNs = new WeakMap<Listing, bigint>();

  /**
   * @param mountedFiles - the tree paths of files that something is mounted over.
   * @param linked - files that once had several names, by inode number; gets more of them.
   */
  constructor(
    source: EventSource,
    isRuleFile: IsRuleFile,
    mountedFiles: readonly string[] = [],
    linked = new Set<bigint>(),
  ) {
    this.#source = source;
    this.#isRuleFile = isRuleFile;
    this.#linked = linked;
    const holders = new Set(mountedFiles.map((path) => path.slice(0, path.lastIndexOf('/') + 1)));
    this.#holdsMountedFile = ({ prefix }) => holders.has(prefix);
  }

  get inotify(): number {
    return this.#source.descriptor;
  }

  get tree(): TakenTree['tree'] {
    return this.#taken.tree;
  }

  get ruleProblems(): TakenTree['ruleProblems'] {
    return this.#taken.ruleProblems;
  }

  /** The number of events that were heard. */
  eventCount = 0;

  /** True if an event told of a change that no question has looked at. */
  get isChanged(): boolean {
    return this.lost !== undefined || this.#told.size > 0;
  }

  /** True if some directories are listed at each question. */
  get hasUntold(): boolean {
    return this.untold.size > 0;
  }

  /** The directories that were listed last, and are in the tree. */
  get listed(): readonly Directory[] {
    return [...this.#listed].filter(({ state }) => state !== 'detached');
  }

  readonly mustRead = (directory: Directory): ReadonlySet<string> | undefined => {
    const written = this.#asked.get(directory)?.written;
    return written && written.size > 0 ? written : undefined;
  };

  readonly lastResult = (directory: Directory): Directory['value'] => this.#replaced.get(directory)?.value;

  readonly onTouched = (directory: Directory): void => {
    this.#listed.add(directory);
    if (!this.#replaced.has(directory)) this.#replaced.set(directory, stateOf(directory));
  };

  readonly onListed = (directory: Directory, { watch }: Listing): void => {
    const before = this.#watchOf.get(directory);
    if (before !== undefined && this.#watched.get(before) === directory) {
      this.#watched.delete(before);
      // The directory that it was for is gone, and another one has its number.
      if (before !== watch) this.#ended.add(before);
    }
    if (watch <= 0) return;
    const other = this.#watched.get(watch);
    if (other) this.#outdone.add(other);
    this.#watched.set(watch, directory);
    this.#watchOf.set(directory, watch);
  };

  /** Takes the tree whose directories were watched as they were listed. */
  adopt(taken: TakenTree): void {
    this.#taken = taken;
    this.#replaced = new Map();
    this.version = new Version(taken.tree.top, this.#replaced);
    this.#finishListing();
    this.#isAdopted = true;
  }

  /**
   * Reads all events that there are. Each call of the system that has returned has put its event in line already, so that
   * nothing that happened before goes unheard.
   */
  drain(): void {
    while (this.lost === undefined) {
      const bytes = this.#source.read(this.#buffer);
      if (bytes === 0) return;
      for (const event of eventsIn(this.#buffer.subarray(0, bytes))) this.#hear(event);
    }
  }

  /**
   * Returns the directories to list anew for an answer that covers all events so far, and begins to list them; those that
   * are audited among them.
   */
  startListing(audited: readonly Directory[] = []): ReadonlySet<Directory> {
    const { top } = this.tree;
    // What left the tree may be written there, and have another name in it.
    for (const { isNamed } of this.#moving.values()) this.#isAllDue ||= isNamed;
    this.#moving.clear();
    const due = new Set<Directory>();
    const add = (directory: Directory) => {
      if (directory.state !== 'detached') due.add(directory);
    };
    if (this.#isAllDue) directoriesOf(top).forEach(add);
    for (const directory of this.#told.keys()) add(directory);
    audited.forEach(add);
    for (const directory of this.untold) {
      add(directory);
      if (this.#holdsRepository(directory)) directoriesOf(directory).forEach(add);
    }
    this.#asked = this.#told;
    this.#told = new Map();
    this.#remembered = 0;
    this.#isAllDue = false;
    this.#listed = new Set();
    this.#isListing = due.size > 0;
    this.#startedNs = nowNs();
    return due;
  }

  /**
   * Ends the listing, and returns what it changed. Where it brought up another name for a file, the next listing is of all
   * directories.
   */
  finish(): Finished {
    for (const [directory, { children }] of this.#replaced)
      for (const [name, child] of children)
        if (directory.children.get(name) !== child) this.#endWatches(child);
    const isAllDue = this.#finishListing();
    for (const [directory, before] of this.#replaced)
      if (isSameState(directory, before)) this.#replaced.delete(directory);
    return { replaced: this.#replaced, listed: this.listed, isAllDue };
  }

  /**
   * Returns the tree path of a change in directories that were listed without an event that told of it; `undefined` where
   * there is none. Called after the listing, before it is finished.
   */
  findSurprise(audited: readonly Directory[]): string | undefined {
    this.drain();
    if (this.lost !== undefined) return undefined;
    for (const directory of audited) {
      const before = this.#replaced.get(directory);
      const isTold = this.#asked.has(directory) || this.#told.has(directory) || this.untold.has(directory);
      if (!before || isTold || directory.state === 'detached' || isSameState(directory, before)) continue;
      const path = firstDifference(directory, before);
      if (path !== undefined) return path;
    }
    return undefined;
  }

  /** Calls the tree as it is a version of its own. @param isSame - whether it has the files that it had before. */
  commit(isSame: boolean): void {
    if (this.#replaced.size === 0) return;
    this.#replaced = new Map();
    this.version = this.version.followedBy(this.#replaced, isSame);
  }

  /** Has a directory listed at the next question, whatever events tell. */
  askAgain(directory: Directory): void {
    this.untold.add(directory);
  }

  close(): void {
    this.#source.close();
  }

  #finishListing(): boolean {
    let isAllDue = false;
    for (const [directory, told] of this.#asked) isAllDue ||= this.#isNameLost(directory, told);
    for (const directory of this.#listed) {
      if (directory.state === 'detached') {
        this.#endWatches(directory);
        continue;
      }
      if (directory.base) this.#lose('a directory is too deep to be listed by itself');
      if (this.#replaced.get(directory)?.listing !== directory.listing) {
        if (this.untold.has(directory) && this.#areRulesNew(directory)) isAllDue = true;
        this.#rememberLinked(directory);
      }
      if (!this.#isUntold(directory)) {
        this.untold.delete(directory);
        continue;
      }
      this.untold.add(directory);
      if (directory.listing?.hasLinkedFile === true)
        isAllDue ||= this.#isLinkNew(directory, directory.listing);
      // A name that a file got while it was listed, elsewhere, is in no event, and rules may have been read before or after.
      if (this.#hasNewFile(directory)) this.#isAllDue = true;
    }
    // By a mount it is in two places, and has one watch: events tell of the place that was listed last.
    for (const directory of this.#outdone) if (directory.state !== 'detached') this.untold.add(directory);
    this.#outdone = new Set();
    if (isAllDue) this.#isAllDue = true;
    this.#isListing = false;
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#hear(event);
    return isAllDue;
  }

  /** Returns whether the links in a directory may be new ones to files that are elsewhere in the tree. */
  #isLinkNew(directory: Directory, { watch }: Listing): boolean {
    const before = this.#replaced.get(directory)?.listing;
    // Without a watch, or before it had one, no event tells.
    if (watch <= 0 || (before && before.watch <= 0)) return true;
    return before ? (this.#asked.get(directory)?.named.size ?? 0) > 0 : this.#isAdopted;
  }

  /**
   * Returns whether a file was written in a directory by a name that is not there any more, and was not when the directory was
   * listed before: nobody knows which other names it has.
   */
  #isNameLost(directory: Directory, { written, named }: Told): boolean {
    if (directory.state === 'detached') return named.size > 0;
    if (written.size === 0) return false;
    const now = directory.listing?.find(written);
    const lost = [...written].filter((name) => now?.has(name) !== true);
    if (lost.length === 0) return false;
    const before = (this.#replaced.get(directory) ?? directory).listing?.find(lost);
    return lost.some((name) => named.has(name) || before?.has(name) !== true);
  }

  /** Returns whether a file of rules in a directory changed without an event, so that what is below has old ones. */
  #areRulesNew(directory: Directory): boolean {
    if (this.#asked.get(directory)?.hasRules === true) return false;
    const before = this.#replaced.get(directory)?.listing;
    return this.#rulesIn(before) !== this.#rulesIn(directory.listing);
  }

  /** Returns the stats of the files of rules in a directory, for comparison. */
  #rulesIn(listing: Listing | undefined): string {
    if (!listing) return '';
    const stats: string[] = [];
    for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
      const { name, match, hasDetail } = cursor;
      if (match === DIRECTORY || !this.#isRuleFile(name)) continue;
      const { ino, size, mtimeNs, ctimeNs } = hasDetail ? cursor.stat : UNKNOWN_STAT;
      stats.push([name, ino, size, mtimeNs, ctimeNs].join('/'));
    }
    return stats.join();
  }

  /** Returns whether something in a directory may change without an event. */
  #isUntold(directory: Directory): boolean {
    const { listing, problems, value } = directory;
    if (!listing || problems.length > 0 || (value?.problems.length ?? 0) > 0) return true;
    // What is mounted there may be of any kind.
    const isForeign = directory.dev !== this.tree.top.dev;
    return (
      isForeign ||
      listing.watch <= 0 ||
      listing.hasLinkedFile ||
      this.#wasLinked(listing) ||
      this.#holdsMountedFile(directory) ||
      this.#holdsRepository(directory)
    );
  }

  /** Remembers the files of a directory in which one has several names: which one the listing does not tell. */
  #rememberLinked({ listing }: Directory): void {
    if (!listing?.hasLinkedFile) return;
    for (const ino of inodesIn(listing)) this.#linked.add(ino);
    if (this.#linked.size > MOST_LINKED) this.#lose('more files had several names than are remembered');
  }

  #wasLinked(listing: Listing): boolean {
    if (this.#linked.size === 0) return false;
    for (const ino of inodesIn(listing)) if (this.#linked.has(ino)) return true;
    return false;
  }

  /** Returns whether rules for a directory may lie in a `.git` in it, which is not watched. */
  #holdsRepository(directory: Directory): boolean {
    const { listing, path } = directory;
    // Those of the root are read for each question.
    if (path === '' || !listing || !RESERVED_NAMES.some(this.#isRuleFile)) return false;
    return listing.skipped(RESERVED_KIND) > 0;
  }

  /** Returns whether a file that may have other names, or holds rules, may have changed since the listing began. */
  #hasNewFile({ listing }: Directory): boolean {
    if (!listing) return false;
    const since = this.#startedNs - CLOCK_TICK_NS;
    let newestNs = this.#newestNs.get(listing);
    if (newestNs === undefined) this.#newestNs.set(listing, (newestNs = newestChangeIn(listing)));
    if (newestNs < since) return false;
    for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
      if (!isFile(cursor.match) || !cursor.hasDetail || cursor.stat.ctimeNs < since) continue;
      if (listing.hasLinkedFile || this.#isRuleFile(cursor.name)) return true;
    }
    return false;
  }

  #hear(event: Event): void {
    const { watch, mask, name } = event;
    this.eventCount++;
    if ((mask & EVENT.overflowed) !== 0) {
      this.#lose('more changed at once than the system keeps events of');
      return;
    }
    if ((mask & EVENT.unmounted) !== 0) {
      this.#lose('a file system was unmounted');
      return;
    }
    const directory = this.#watched.get(watch);
    if (directory === undefined) {
      this.#hearUnknown(event);
      return;
    }
    if (directory.state === 'detached') {
      // It may be known under another name once it is listed there.
      this.#hold(event);
      return;
    }
    if ((mask & EVENT.ignored) !== 0) this.#watched.delete(watch);
    if ((mask & (EVENT.ignored | GONE_SELF)) !== 0) {
      if (!directory.parent) {
        this.#lose('the root was moved or removed');
        return;
      }
      this.#tell(directory.parent);
      this.#tell(directory);
      return;
    }
    const told = this.#tell(directory);
    if (this.#isRuleFile(name)) {
      told.hasRules = true;
      for (const below of directoriesOf(directory)) this.#tell(below);
    }
    if ((mask & EVENT.isDirectory) === 0) this.#hearOfFile(told, event);
  }

  #hearOfFile({ written, named }: Told, { mask, name, cookie }: Event): void {
    const before = written.size + named.size;
    if ((mask & EVENT.movedFrom) !== 0) {
      // A file is known by its name, and goes on under another one.
      this.#moving.set(cookie, { isWritten: written.delete(name), isNamed: named.delete(name) });
    }
    if ((mask & NEW_NAME) !== 0) {
      // The file whose name this was may have others.
      if (named.has(name) && written.has(name)) this.#isAllDue = true;
      named.add(name);
      if (this.#moving.get(cookie)?.isWritten === true) written.add(name);
      this.#moving.delete(cookie);
    }
    if ((mask & CONTENT) !== 0) written.add(name);
    this.#remembered += written.size + named.size - before;
    if (this.#remembered + this.#moving.size > MOST_REMEMBERED)
      this.#lose('more files changed than are remembered');
  }

  #hearUnknown(event: Event): void {
    const { watch, mask } = event;
    if (this.#ended.has(watch)) {
      if ((mask & EVENT.ignored) !== 0) this.#ended.delete(watch);
      // It may be another name of a file that is in the tree, and that was written by it.
      if ((mask & NEW_NAME) !== 0 && (mask & EVENT.isDirectory) === 0) this.#isAllDue = true;
    } else if (this.#isListing) {
      this.#hold(event);
    } else {
      this.#lose('an event tells of a directory that is not known');
    }
  }

  #hold(event: Event): void {
    if (this.#held.length === MOST_HELD)
      this.#lose('too much changed in new directories while they were listed');
    else this.#held.push(event);
  }

  #tell(directory: Directory): Told {
    let told = this.#told.get(directory);
    if (!told) this.#told.set(directory, (told = new Told()));
    return told;
  }

  #lose(reason: string): void {
    this.lost ??= reason;
  }

  /** Ends the watches of a directory that is no longer in the tree, and of all below it, unless they serve others now. */
  #endWatches(top: Directory): void {
    for (const directory of directoriesOf(top)) {
      const watch = this.#watchOf.get(directory);
      this.untold.delete(directory);
      if (watch === undefined || this.#watched.get(watch) !== directory) continue;
      this.#watched.delete(watch);
      this.#ended.add(watch);
      this.#source.remove(watch);
    }
  }
}

/** Returns whether a directory that was listed anew is as it was: then it has the listing, and the value, that it had. */
function isSameState({ listing, children, value }: Directory, before: DirectoryState): boolean {
  const isListed = listing !== undefined && listing === before.listing;
  return isListed && value === before.value && children === before.children;
}

/** Returns the path of an entry of a directory that is not as it was; `undefined` where all are. */
function firstDifference(directory: Directory, before: DirectoryState): string | undefined {
  const [was, is] = [idsOf(before), idsOf(directory)];
  const names = new Set([
    ...was.keys(),
    ...is.keys(),
    ...before.children.keys(),
    ...directory.children.keys(),
  ]);
  for (const name of names) {
    const isSame =
      was.get(name) === is.get(name) && before.children.get(name) === directory.children.get(name);
    if (!isSame) return directory.prefix + name;
  }
  return undefined;
}

/** Returns the newest ctime of the files in a directory, where their stats are known. */
function newestChangeIn(listing: Listing): bigint {
  let newest = -1n;
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    if (!isFile(cursor.match) || !cursor.hasDetail) continue;
    const { ctimeNs } = cursor.stat;
    if (ctimeNs > newest) newest = ctimeNs;
  }
  return newest;
}

/** Yields the inode numbers of the files in a directory, where their stats are known. */
function* inodesIn(listing: Listing | undefined): Generator<bigint> {
  if (!listing) return;
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next())
    if (isFile(cursor.match) && cursor.hasDetail) yield cursor.stat.ino;
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
