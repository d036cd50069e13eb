import { lstatSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { isSameInode, toFsPath, toNativePath } from '@muse/paths';
import type { Logger } from '@muse/stat-cache';
import { PatternRules } from '@muse/walker/ignore';
import { directoriesOf, type NativeEngine } from '@muse/walker/scan';
import { Stopwatch, takeSnapshot, takeTree, type SnapshotSource } from '../take/take-snapshot.js';
import type { ChangesOptions, SnapshotCall, SnapshotterOptions } from '../types.js';
import type { Answer, Hearing } from './changes.js';
import { openInotify, whyUnreliable, type EventSource } from './events.js';
import { FlatId, type Directory } from './flat-id.js';
import { Mounts } from './mounts.js';
import { settle, snapshotAt, UntoldChangeError, update, type Armed } from './update.js';
import type { Version } from './versions.js';
import { WatchedTree, type IsRuleFile } from './watched-tree.js';

/** Options of {@link Watcher}. */
export interface WatcherOptions {
  readonly options: SnapshotterOptions;
  readonly native: NativeEngine | undefined;
  /** Runs work while no snapshot is taken. */
  readonly whenIdle: (work: () => Promise<void>) => Promise<void>;
  /** Default: the system's. */
  readonly openEvents?: ((native: NativeEngine) => EventSource) | undefined;
  /** Milliseconds from one audit to the next, at least. Default: 5 minutes. */
  readonly auditMs?: number | undefined;
}

/**
 * Milliseconds between two looks at the events: the system keeps 16,384 of them, and loses what is beyond. While nobody waits
 * to be told, one that is idle should not be woken more often than that takes.
 */
const DRAIN_MS = 200;
const DRAIN_MS_IF_HEARD = 100;
/** Arming again may take one part in so many of the time. */
const ARMING_SHARE = 20;
/** Milliseconds after which what an answer will take is made ready. */
const PREPARE_AFTER_MS = 20;
/** Milliseconds without a question after which what was recorded is saved. */
const SAVE_AFTER_MS = 10_000;
const AUDIT_MS = 5 * 60 * 1000;
/** An audit may take one part in so many of the time. */
const AUDIT_SHARE = 200;
/** Directories that an audit lists in one go, so that a question waits for some 10 ms of it. */
const AUDITED_AT_ONCE = 256;
/** Milliseconds between two of these. */
const AUDIT_PAUSE_MS = 20;

/** Answers questions about a tree by listing what events tell of, and by a scan wherever they are not the whole truth. */
export class Watcher implements Hearing {
  readonly #options: WatcherOptions;
  readonly #logger: Logger | undefined;
  readonly #listeners = new Set<() => void>();
  #isOver = false;
  #hasToldUnwatched = false;
  #armed: Armed | undefined;
  /** Files that once had several names, by inode number. */
  readonly #linked = new Set<bigint>();
  #armAgainAt = 0;
  #drainer: NodeJS.Timeout | undefined;
  #saver: NodeJS.Timeout | undefined;
  #preparer: NodeJS.Timeout | undefined;
  #preparing: AbortController | undefined;
  #auditor: NodeJS.Timeout | undefined;

  constructor(root: string, options: WatcherOptions) {
    this.#options = options;
    this.#logger = options.options.logger;
    const why = options.native
      ? whyUnreliable(toNativePath(root, options.options.subtree ?? ''))
      : 'the native engine, which hears of changes, is not in use';
    if (why !== undefined) this.#giveUp(root, why);
  }

  /** Returns a snapshot that covers every change whose system call returned before this one. */
  async answer(source: SnapshotSource, call: SnapshotCall & ChangesOptions): Promise<Answer> {
    clearTimeout(this.#saver);
    try {
      return (await this.#byEvents(source, call)) ?? (await this.#byScan(source, call));
    } catch (error) {
      this.#disarm(`a snapshot ended early: ${(error as Error).message}`);
      throw error;
    } finally {
      this.#saveLater(source);
    }
  }

  get eventCount(): number | undefined {
    this.#armed?.tree.drain();
    return this.#armed?.tree.eventCount;
  }

  hasNewsSince(version: Version | undefined): boolean {
    if (!this.#armed) return false;
    const { tree } = this.#armed;
    tree.drain();
    return tree.isChanged || tree.version.files !== version?.files;
  }

  get hearsAll(): boolean {
    return this.#armed?.tree.hasUntold === false;
  }

  onNews(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Saves what no save has stored, and ends the watches. */
  async close(): Promise<void> {
    clearTimeout(this.#saver);
    this.interrupt();
    const { source } = this.#armed ?? {};
    if (source?.cache?.persistent === true && source.cache.dirty) await this.#save(source);
    this.#disarm(undefined);
  }

  async #byScan(source: SnapshotSource, call: SnapshotCall): Promise<Answer> {
    const { native } = this.#options;
    if (this.#isOver || !native || performance.now() < this.#armAgainAt)
      return { snapshot: await takeSnapshot(source, call), version: undefined };
    return this.#arm(source, native, call);
  }

  /** Takes a snapshot by a scan that watches each directory. */
  async #arm(source: SnapshotSource, native: NativeEngine, call: SnapshotCall): Promise<Answer> {
    const started = performance.now();
    const { options, openEvents = openInotify } = this.#options;
    const { root } = source.root;
    const rules = await rulesText(source);
    let mounts: Mounts;
    let tree: WatchedTree;
    try {
      // Before anything is listed: what changes from here on is found out.
      mounts = new Mounts(root);
      tree = new WatchedTree(openEvents(native), ruleFileTest(options), mounts.files, this.#linked);
    } catch (error) {
      this.#giveUp(root, reasonOf(error as NodeJS.ErrnoException));
      return { snapshot: await takeSnapshot(source, call), version: undefined };
    }
    let taken;
    try {
      taken = await takeTree(source, { ...call, deferManifest: true }, tree);
    } catch (error) {
      tree.close();
      throw error;
    }
    tree.adopt(taken);
    settle(tree, source.cache, tree.listed);
    const { id, complete, problems, stats, rules: texts, saveError } = taken.snapshot;
    tree.version.knownId = id;
    const fields = { by: 'scan', complete, problems, stats, rules: texts } as const;
    const last = snapshotAt(tree.version, saveError ? { ...fields, saveError } : fields);
    const { files, bytes, directories, leftOut } = stats;
    const counts = { files, bytes, directories, leftOut: { ...leftOut } };
    const flatId = new FlatId(tree.tree.top);
    this.#armed = { tree, flatId, source, rules, mounts, same: source, counts, last };
    this.#armAgainAt = performance.now() + (ARMING_SHARE - 1) * (performance.now() - started);
    const { version } = tree;
    this.#startDraining(tree);
    this.#prepareLater(flatId);
    this.#auditLater(0);
    this.#tellUnwatched(root, tree);
    return { snapshot: last, version };
  }

  /** Tells once of directories that the system does not let anybody watch; without the top, no other is worth it. */
  #tellUnwatched(root: string, tree: WatchedTree): void {
    const { top } = tree.tree;
    const unwatched = directoriesOf(top).filter(({ listing }) => listing && listing.watch <= 0);
    const [first] = unwatched;
    if (first === undefined) return;
    const why = reasonOf({ errno: first.listing?.watch });
    if (first === top) {
      this.#giveUp(root, why);
    } else if (!this.#hasToldUnwatched) {
      this.#hasToldUnwatched = true;
      const count = unwatched.length === 1 ? '1 directory' : `${unwatched.length} directories`;
      this.#logger?.warn(
        `Cannot watch ${count} below ${JSON.stringify(root)}: ${why}; each snapshot lists them anew`,
      );
    }
  }

  /** Takes each further snapshot by a scan. */
  #giveUp(root: string, why: string): void {
    this.#isOver = true;
    this.#logger?.warn(`Cannot watch ${JSON.stringify(root)}: ${why}; each snapshot is taken by a scan`);
    this.#disarm(why);
  }

  /** Returns an answer; `undefined` where the events are not the whole truth. */
  async #byEvents(source: SnapshotSource, call: SnapshotCall & ChangesOptions): Promise<Answer | undefined> {
    const armed = this.#armed;
    if (!armed) return undefined;
    const watch = new Stopwatch();
    const why = (await whyLost(armed, source)) ?? (await update(armed, call, watch));
    if (why === undefined) return { snapshot: armed.last, version: armed.tree.version };
    this.#disarm(why);
    return undefined;
  }

  /** Ends what is done while nobody asks. */
  interrupt(): void {
    clearTimeout(this.#preparer);
    this.#preparing?.abort();
  }

  /** Makes the text of the snapshot id once: from then on only that of what changed is. */
  #prepareLater(flatId: FlatId): void {
    this.#preparer = setTimeout(() => {
      const preparing = (this.#preparing = new AbortController());
      void this.#options.whenIdle(async () => {
        await flatId.make(preparing.signal).catch(() => undefined);
      });
    }, PREPARE_AFTER_MS).unref();
  }

  /** Lists everything from time to time, to find out whether all changes are told. @param tookMs - what it took last time. */
  #auditLater(tookMs: number): void {
    const { auditMs = AUDIT_MS } = this.#options;
    this.#auditor = setTimeout(
      () => {
        const { tree } = this.#armed?.tree ?? {};
        if (tree) this.#auditNext(directoriesOf(tree.top), 0);
      },
      Math.max(auditMs, AUDIT_SHARE * tookMs),
    ).unref();
  }

  #auditNext(directories: readonly Directory[], tookMs: number): void {
    const armed = this.#armed;
    if (!armed) return;
    if (directories.length === 0) {
      this.#auditLater(tookMs);
      return;
    }
    void this.#options.whenIdle(async () => {
      if (this.#armed !== armed) return;
      const started = performance.now();
      try {
        armed.tree.drain();
        const why =
          armed.tree.lost ??
          (await update(armed, {}, new Stopwatch(), directories.slice(0, AUDITED_AT_ONCE)));
        if (why !== undefined) {
          this.#disarm(why);
          return;
        }
      } catch (error) {
        this.#isOver ||= error instanceof UntoldChangeError;
        this.#disarm((error as Error).message);
        this.#logger?.error((error as Error).message);
        return;
      }
      const spentMs = tookMs + performance.now() - started;
      this.#auditor = setTimeout(() => {
        this.#auditNext(directories.slice(AUDITED_AT_ONCE), spentMs);
      }, AUDIT_PAUSE_MS).unref();
    });
  }

  #startDraining(tree: WatchedTree): void {
    let { files } = tree.version;
    const drain = () => {
      try {
        tree.drain();
      } catch (error) {
        // Nobody could catch what a timer throws.
        this.#disarm(`events cannot be read: ${(error as Error).message}`);
        return;
      }
      if (tree.isChanged || tree.version.files !== files) {
        files = tree.version.files;
        this.#tellNews();
      }
      if (this.#armed?.tree === tree) drainLater();
    };
    const drainLater = () => {
      this.#drainer = setTimeout(drain, this.#listeners.size > 0 ? DRAIN_MS_IF_HEARD : DRAIN_MS).unref();
    };
    drainLater();
  }

  #tellNews(): void {
    for (const listener of this.#listeners) listener();
  }

  #disarm(why: string | undefined): void {
    clearTimeout(this.#drainer);
    clearTimeout(this.#auditor);
    if (!this.#armed) return;
    this.#armed.tree.close();
    this.#armed = undefined;
    if (why !== undefined) this.#logger?.debug(`The next snapshot is taken by a scan: ${why}`);
    this.#tellNews();
  }

  #saveLater(source: SnapshotSource): void {
    const { cache } = source;
    if (!this.#armed || !cache?.persistent || !cache.dirty) return;
    this.#saver = setTimeout(() => {
      void this.#options.whenIdle(() => this.#save(source));
    }, SAVE_AFTER_MS).unref();
  }

  /** Saves what is known of the files of a root, unless another directory is in its place now, or none. */
  async #save({ root, cache }: SnapshotSource): Promise<void> {
    if (!isInPlace(root)) return;
    await cache?.save().catch((error: unknown) => {
      this.#logger?.warn(`The cache was not saved: ${(error as Error).message}`);
    });
  }
}

/** Returns whether a root is known to be where it was. */
function isInPlace(root: SnapshotSource['root']): boolean {
  try {
    return isSameInode(lstatSync(toFsPath(root.root), { bigint: true }), root);
  } catch {
    return false;
  }
}

/** Returns what the system said, and which of its limits it may be. */
function reasonOf({ errno, message }: { errno?: number | undefined; message?: string }): string {
  const [code, words] = getSystemErrorMap().get(errno ?? 0) ?? [];
  if (code === undefined) return message ?? 'of an unknown reason';
  const limit = LIMITS.get(code);
  return `${words} (${code})${limit === undefined ? '' : `: raise ${limit}`}`;
}

const LIMITS = new Map([
  ['EMFILE', 'fs.inotify.max_user_instances, or the limit on open files (ulimit -n)'],
  ['ENOSPC', 'fs.inotify.max_user_watches'],
]);

/** Returns why the events are not the whole truth; `undefined` where they are, and all of them are heard. */
async function whyLost(armed: Armed, now: SnapshotSource): Promise<string | undefined> {
  const { tree, source, rules, mounts, same } = armed;
  if (!isSameInode(source.root, now.root) || !isSameInode(source.top, now.top))
    return 'the root was replaced';
  if (!mounts.isSame) return 'something was mounted or unmounted in the tree or above it';
  if (now.texts !== same.texts || now.ignore !== same.ignore) {
    if ((await rulesText(now)) !== rules) return 'the rules changed';
    armed.same = now;
  }
  tree.drain();
  return tree.lost;
}

/** Returns what the rules of a root say, for comparison: their texts, and the problems with them. */
async function rulesText({ root: { root }, subtree, ignore, texts }: SnapshotSource): Promise<string> {
  const { rulesAbove } = await import('@muse/walker/ignore');
  const above = subtree === '' ? undefined : await rulesAbove(root, subtree, ignore);
  const entered = await ignore?.enter?.({ root, path: '', mayHold: () => false });
  return JSON.stringify([texts.list(root), entered?.problems, above?.problems, above?.leftOut]);
}

/** Returns which names are those of files that hold rules for all that is below their directory. */
function ruleFileTest({
  gitignore = false,
  noIgnore = false,
  ignore,
}: WatcherOptions['options']): IsRuleFile {
  // A caller's own rules may read any file.
  if (ignore && !(ignore instanceof PatternRules) && ignore.enter) return () => true;
  if (gitignore && !noIgnore) return (name) => name === '.gitignore' || name === '.git';
  return () => false;
}
