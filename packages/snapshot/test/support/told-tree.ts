import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { treePathToBytes } from '@muse/paths';
import { blobId } from '@muse/stat-cache';
import {
  DETAIL_WORDS,
  DIRECTORY,
  isFile,
  NEW,
  PackedStats,
  ReplyWriter,
  Tree,
  type DirectoryToScan,
  type ScanEngine,
} from '@muse/walker/scan';
import { DirectoryResult } from '../../src/lib/take/join.js';
import type { TakenTree } from '../../src/lib/take/take-snapshot.js';
import type { Finished } from '../../src/lib/watch/watched-tree.js';
import { WatchedTree } from '../../src/lib/watch/watched-tree.js';

/** The word of a record that holds the watch. */
const WATCH = 7;
const LONG_AGO = 1_000_000_000n;
const EACCES = 13;
const EVENTS_AT_ONCE = 1000;

let inodes = 1n;

/** A file in memory. Nothing but a test changes it. */
export class MemoryFile {
  ino = inodes++;
  content: string;
  /** When it last changed, in nanoseconds: long ago, unless a test says otherwise. */
  ctimeNs = LONG_AGO;
  mtimeNs = LONG_AGO;
  links = 1;

  constructor(content: string) {
    this.content = content;
  }

  /** Gives it other content, now. */
  write(content: string): void {
    this.content = content;
    this.mtimeNs = now();
    this.ctimeNs = now();
  }
}

/** A directory in memory. */
export class MemoryDirectory {
  readonly ino = inodes++;
  dev = 1n;
  readonly entries = new Map<string, MemoryFile | MemoryDirectory>();
  /** The watch that listing it returns, or an error number negated. */
  watch = Number(this.ino) + 1000;
  isReadable = true;
  /** Whether it holds a `.git` or a `.muse`, which no listing has. */
  isRepository = false;

  constructor(content: Content = {}) {
    for (const [name, each] of Object.entries(content)) this.entries.set(name, made(each));
  }
}

/** What is in a directory: for each name the content of a file, a file or a directory. */
export interface Content {
  readonly [name: string]: string | Content | MemoryFile | MemoryDirectory;
}

function made(each: string | Content | MemoryFile | MemoryDirectory): MemoryFile | MemoryDirectory {
  if (typeof each === 'string') return new MemoryFile(each);
  return each instanceof MemoryFile || each instanceof MemoryDirectory ? each : new MemoryDirectory(each);
}

/** The time now, in nanoseconds. */
export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** Returns an event as the system spells it. */
export function eventOf(watch: number, mask: number, name = '', cookie = 0): Buffer {
  const padded = name === '' ? 0 : Math.ceil((name.length + 1) / 16) * 16;
  const event = Buffer.allocUnsafe(16 + padded).fill(0);
  event.writeInt32LE(watch, 0);
  event.writeUInt32LE(mask, 4);
  event.writeUInt32LE(cookie, 8);
  event.writeUInt32LE(padded, 12);
  event.write(name, 16, 'latin1');
  return event;
}

export interface ToldOptions {
  readonly isRuleFile?: (name: string) => boolean;
  readonly mountedFiles?: readonly string[];
  /** Called before directories are listed, with their paths; may change the tree and tell of it. */
  readonly onListing?: (paths: readonly string[], told: ToldTree) => void;
}

/** A watched tree in memory, of which a test tells events. Questions go step by step. */
export class ToldTree {
  readonly root: MemoryDirectory;
  readonly watched: WatchedTree;
  readonly tree: Tree<DirectoryResult>;
  /** The watches that were ended, in order. */
  readonly ended: number[] = [];
  /** What of the written files was to be read at the last question, as paths. */
  mustRead: string[] = [];
  onListing: ToldOptions['onListing'];
  #events: Buffer[] = [];
  readonly #engine: ScanEngine;

  private constructor(content: Content, { isRuleFile = () => false, mountedFiles, onListing }: ToldOptions) {
    this.root = new MemoryDirectory(content);
    this.onListing = onListing;
    const source = {
      descriptor: 1,
      read: (buffer: Buffer) => Buffer.concat(this.#events.splice(0, EVENTS_AT_ONCE)).copy(buffer),
      remove: (watch: number) => void this.ended.push(watch),
      close: () => undefined,
    };
    this.watched = new WatchedTree(source, isRuleFile, mountedFiles);
    this.#engine = {
      capacity: 1,
      batchSize: (waiting) => waiting,
      scan: (directories) => Promise.resolve(this.#list(directories)),
    };
    this.tree = new Tree<DirectoryResult>({
      root: '/',
      identity: this.root,
      engine: this.#engine,
      inotify: 1,
      calls: {
        names: () => [],
        nameBytes: () => [],
        lstat: (path) => this.#statOf(String(path)),
      },
      onTouched: this.watched.onTouched,
      onListed: (directory, listing) => {
        this.watched.onListed(directory, listing);
        const mustRead = [...(this.watched.mustRead(directory) ?? [])];
        for (const name of mustRead) this.mustRead.push(directory.prefix + name);
        if (directory.value?.listing === listing && directory.value.isTrusted && mustRead.length === 0)
          return;
        const value = new DirectoryResult(directory, listing, undefined);
        for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
          if (!isFile(cursor.match)) continue;
          value.addMiss(cursor, 'new');
          value.set(cursor.entry, blobId(Buffer.from(this.file(directory.prefix + cursor.name).content)));
        }
        value.settle(undefined);
        directory.value = value;
      },
    });
  }

  /** Returns a tree that is watched. */
  static async of(content: Content, options: ToldOptions = {}): Promise<ToldTree> {
    const told = new ToldTree(content, options);
    await told.tree.list();
    told.watched.adopt({ tree: told.tree, ruleProblems: [] } as unknown as TakenTree);
    return told;
  }

  /** Returns the directory at a path. */
  directory(path: string): MemoryDirectory {
    const found = this.#at(path);
    if (found instanceof MemoryDirectory) return found;
    throw new Error(`There is no directory ${path}`);
  }

  /** Returns the file at a path. */
  file(path: string): MemoryFile {
    const found = this.#at(path);
    if (found instanceof MemoryFile) return found;
    throw new Error(`There is no file ${path}`);
  }

  /** Puts something at a path, or nothing, and tells of nothing. */
  put(path: string, each: Content[string] | undefined): void {
    const slash = path.lastIndexOf('/');
    const { entries } = this.directory(path.slice(0, Math.max(0, slash)));
    if (each === undefined) entries.delete(path.slice(slash + 1));
    else entries.set(path.slice(slash + 1), made(each));
  }

  /** Moves what is at a path, and tells of nothing. */
  move(from: string, to: string): void {
    const moved = this.#at(from);
    if (!moved) throw new Error(`There is nothing at ${from}`);
    this.put(from, undefined);
    this.put(to, moved);
  }

  /** Tells an event of a directory, given by its path or its watch. */
  tell(directory: string | number, mask: number, name = '', cookie = 0): void {
    const watch = typeof directory === 'number' ? directory : this.directory(directory).watch;
    this.#events.push(eventOf(watch, mask, name, cookie));
  }

  /** Hears what was told, begins a question, and returns the paths of the directories that it lists. */
  begin(audited?: readonly string[]): string[] {
    this.watched.drain();
    if (this.watched.lost !== undefined) throw new Error(`Events were lost: ${this.watched.lost}`);
    this.mustRead = [];
    const due = this.watched.startListing(audited?.map((path) => this.node(path)));
    this.tree.startRound(due, { engine: this.#engine, signal: undefined });
    return [...due].map(({ path }) => path).sort();
  }

  /** Lists what is due, and ends the question. */
  async end(): Promise<Finished> {
    await this.tree.list();
    return this.watched.finish();
  }

  /** Asks, and returns the paths of the directories that were listed: all of them once more where that was due at once. */
  async ask(): Promise<string[]> {
    const due = this.begin();
    const { isAllDue } = await this.end();
    this.watched.commit(true);
    return isAllDue ? [...due, 'all'] : due;
  }

  /** Returns the node of a directory. */
  node(path: string) {
    const names = path === '' ? [] : path.split('/');
    return names.reduce((at, name) => {
      const child = at.children.get(name);
      if (!child) throw new Error(`${path} is not in the tree`);
      return child;
    }, this.tree.top);
  }

  #at(path: string): MemoryFile | MemoryDirectory | undefined {
    let at: MemoryFile | MemoryDirectory | undefined = this.root;
    for (const name of path === '' ? [] : path.split('/'))
      at = at instanceof MemoryDirectory ? at.entries.get(name) : undefined;
    return at;
  }

  #statOf(path: string): BigIntStats | undefined {
    const { dev, ino } = (this.#at(path.slice(1)) as MemoryDirectory | undefined) ?? {};
    return ino === undefined ? undefined : ({ dev, ino, mode: BigInt(constants.S_IFDIR) } as BigIntStats);
  }

  #list(directories: readonly DirectoryToScan[]): Uint8Array {
    this.onListing?.(
      directories.map(({ path }) => path),
      this,
    );
    const writer = new ReplyWriter();
    const watches = directories.map(({ path, ino }) => {
      const directory = this.#at(path);
      if (!(directory instanceof MemoryDirectory) || directory.ino !== ino) writer.addUnlisted('moved');
      else if (!directory.isReadable) writer.addUnlisted('failed', EACCES, 'open');
      else return this.#write(writer, directory);
      return 0;
    });
    const reply = writer.take();
    const words = new Int32Array(reply.buffer);
    let at = 0;
    for (const watch of watches) {
      words[at + WATCH] = watch;
      at += (words[at] ?? 0) >> 2;
    }
    return reply;
  }

  #write(writer: ReplyWriter, { entries, isRepository, watch }: MemoryDirectory): number {
    const keyOf = ([name, each]: [string, MemoryFile | MemoryDirectory]) =>
      treePathToBytes(each instanceof MemoryFile ? name : `${name}/`);
    const sorted = [...entries].sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)));
    const details = new Int32Array(sorted.length * DETAIL_WORDS);
    for (const [i, [, each]] of sorted.entries()) {
      const { ino } = each;
      const stat =
        each instanceof MemoryFile
          ? { dev: 1n, ino, size: BigInt(each.content.length), mtimeNs: each.mtimeNs, ctimeNs: each.ctimeNs }
          : { dev: each.dev, ino, size: 0n, mtimeNs: 0n, ctimeNs: 0n };
      new PackedStats(details).write(stat, i * DETAIL_WORDS);
    }
    writer.addListed(
      {
        names: sorted.map(([name]) => name),
        kinds: sorted.map(([, each]) => (each instanceof MemoryFile ? NEW : DIRECTORY)),
        details,
        order: undefined,
        skipped: [0, 0, 0, 0, 0, isRepository ? 1 : 0],
        hasLinkedFile: sorted.some(([, each]) => each instanceof MemoryFile && each.links > 1),
      },
      { allDetails: true },
    );
    return watch;
  }
}
