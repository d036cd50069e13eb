import { PathMap, PathSet } from '@muse/paths';
import { itemAt, nextLine, pathOfLine } from './lines/lines.js';
import { DIGEST_WORDS, HIGH, LOW, PACKED, STAT_WORDS, type PackedRead } from './packed.js';
import type {
  CacheChange,
  CacheContents,
  FileCacheEntry,
  FileStat,
  MissReason,
  PutEntries,
  StoredLines,
} from './types.js';

/** An entry that can be stored and be a hit: its ctime is known. */
export interface RecordedEntry extends FileCacheEntry {
  readonly ctimeNs: bigint;
}

/** An entry, and where it is racy the device of its file. */
export interface PendingEntry {
  readonly entry: RecordedEntry;
  readonly dev: bigint;
}

// A mark is what became of a path, and what the storage knows of it.
const TRUSTED = 1;
const RACY = 2;
const REMOVED = 3;
const KIND = 3;
/** The storage does not hold this yet. */
const UNSAVED = 4;
/** A save stored a change of this path: the base does not tell any more what the storage holds. */
const STORED = 8;

const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

/**
 * The changes since contents were loaded, in one map over them: each is trusted, racy or removed, and saved or not. Racy
 * entries are never stored. Changes that arrive during a save wait until it is over, so that nothing moves under the
 * storage that works on them.
 */
export class Pending {
  #base: CacheContents;
  #changes = new Changes();
  #waiting: Changes | undefined;

  constructor(base: CacheContents) {
    this.#base = base;
  }

  /** The number of entries; counted when it is asked for. */
  get size(): number {
    let { size } = this.#base;
    for (const path of this.#changedPaths()) size += Number(this.has(path)) - Number(this.#base.has(path));
    return size;
  }

  /** The lines of what was loaded; they say nothing of the paths that are pending. */
  get lines(): StoredLines | undefined {
    return this.#base.lines;
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0 && this.#waiting === undefined;
  }

  get racyCount(): number {
    return this.#count((mark) => (mark & KIND) === RACY);
  }

  /** Trusted entries that no save has stored. */
  get unsavedCount(): number {
    return this.#count((mark) => (mark & KIND) === TRUSTED && (mark & UNSAVED) !== 0);
  }

  /** Changes that were saved. */
  get savedCount(): number {
    return this.#count((mark) => (mark & (STORED | UNSAVED)) === STORED);
  }

  isPending(path: string): boolean {
    return this.#markOf(path) !== 0;
  }

  has(path: string): boolean {
    const mark = this.#markOf(path);
    return mark === 0 ? this.#base.has(path) : (mark & KIND) !== REMOVED;
  }

  get(path: string): FileCacheEntry | undefined {
    const mark = this.#markOf(path);
    if (mark === 0) return this.#base.get(path);
    return (mark & KIND) === REMOVED ? undefined : this.#pendingEntry(path).entry;
  }

  isRacy(path: string): boolean {
    return (this.#markOf(path) & KIND) === RACY;
  }

  *entries(): Iterable<readonly [path: string, entry: FileCacheEntry]> {
    for (const pair of this.#base.entries()) if (!this.isPending(pair[0])) yield pair;
    for (const path of this.pendingPaths()) yield [path, this.#pendingEntry(path).entry];
  }

  /** Yields the paths of all entries, and may yield those of damaged ones. */
  *paths(): Iterable<string> {
    for (const path of pathsOf(this.#base)) if (!this.isPending(path)) yield path;
    yield* this.pendingPaths();
  }

  /** Yields the pending paths that have an entry. */
  *pendingPaths(): Iterable<string> {
    for (const path of this.#changedPaths()) if ((this.#markOf(path) & KIND) !== REMOVED) yield path;
  }

  *racyEntries(): Iterable<readonly [path: string, racy: PendingEntry]> {
    for (const path of this.#changedPaths()) if (this.isRacy(path)) yield [path, this.#pendingEntry(path)];
  }

  /**
   * Adds or replaces an entry; `racyOn` is the device of the file where the entry is racy. Without dimensions it gets
   * those that are known of the same content.
   */
  set(
    path: string,
    given: Omit<RecordedEntry, 'dimensions'> & {
      readonly dimensions?: RecordedEntry['dimensions'] | undefined;
    },
    racyOn?: bigint,
  ): void {
    const { size, mtimeNs, ctimeNs, ino, objectId } = given;
    const isPending = this.isPending(path);
    const known = isPending ? this.get(path) : this.#base.get(path);
    const kept = known?.objectId === objectId ? known.dimensions : NO_DIMENSIONS;
    const entry = { size, mtimeNs, ctimeNs, ino, objectId, dimensions: given.dimensions ?? kept };
    const kind = racyOn === undefined ? TRUSTED : RACY;
    const pending = { entry, dev: racyOn ?? 0n };
    if (isPending || this.#waiting) this.#change(path, kind, pending);
    else this.#applyFirst(path, known, kind, pending);
  }

  /** Does so for a file that was just read. */
  setRead(path: string, read: PackedRead, isTrusted: boolean): void {
    if (this.#waiting || this.isPending(path) || this.#base.has(path)) {
      const { entry, dev } = unpackRead(read);
      this.set(path, { ...entry, dimensions: undefined }, isTrusted ? undefined : dev);
    } else {
      // Nothing is known of the path.
      this.#changes.add(path, isTrusted ? TRUSTED | UNSAVED : RACY, read);
    }
  }

  /** Makes an entry that is racy stay so with other dimensions, and one that is trusted likewise. */
  setDimensions(path: string, entry: RecordedEntry): void {
    this.set(path, entry, this.isRacy(path) ? this.#pendingEntry(path).dev : undefined);
  }

  remove(path: string): void {
    this.#change(path, REMOVED);
  }

  /**
   * Returns what a storage must change to hold all that is trusted, or `undefined` where it holds that already. Nothing in
   * it changes until {@link endSave}, which must follow.
   */
  startSave(): CacheChange | undefined {
    if (this.#waiting) throw new Error('Cannot start a save: another one is under way');
    if (this.#count((mark) => (mark & UNSAVED) !== 0) === 0) return undefined;
    const remove = new PathSet();
    for (const [path, mark] of this.#changes.marks()) {
      if ((mark & KIND) !== TRUSTED && (mark & (UNSAVED | STORED)) !== 0) remove.add(path);
    }
    this.#waiting = new Changes();
    return { base: this.#base, put: new TrustedEntries(this.#changes), remove };
  }

  /** Notes whether a storage holds the change that was started with. What was recorded meanwhile is newer. */
  endSave(isStored: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (isStored) this.#changes.markStored();
    for (const [path, mark] of waiting?.marks() ?? []) this.#apply(path, mark & KIND, waiting?.get(path));
  }

  /** Takes contents that have all that was saved, so that it need not be kept here. */
  rebase(base: CacheContents): void {
    const changes = this.#changes;
    this.#base = base;
    this.#changes = new Changes();
    for (const [path, mark] of changes.marks()) {
      const isNeeded = (mark & UNSAVED) !== 0 || (mark & KIND) === RACY;
      if (isNeeded) this.#apply(path, mark & KIND, changes.get(path));
    }
  }

  #change(path: string, kind: number, pending?: PendingEntry): void {
    if (this.#waiting) this.#waiting.set(path, kind | UNSAVED, pending);
    else this.#apply(path, kind, pending);
  }

  #apply(path: string, kind: number, pending?: PendingEntry): void {
    const before = this.#changes.markOf(path);
    if ((before & STORED) === 0) {
      this.#applyFirst(path, this.#base.get(path), kind, pending);
      return;
    }
    const isHeld = (before & UNSAVED) === 0 && this.#isHeld(path, before & KIND, kind, pending);
    this.#changes.set(path, isHeld ? kind | STORED : kind | STORED | UNSAVED, pending);
  }

  /** Does so for a path of which no save stored a change, so that the storage holds what was loaded. */
  #applyFirst(path: string, loaded: FileCacheEntry | undefined, kind: number, pending?: PendingEntry): void {
    const isLoaded = loaded && pending && kind === TRUSTED && isSame(loaded, pending.entry);
    if (isLoaded || (kind === REMOVED && !loaded)) {
      this.#changes.delete(path);
    } else {
      const isNews = kind === TRUSTED || loaded !== undefined;
      this.#changes.set(path, isNews ? kind | UNSAVED : kind, pending);
    }
  }

  /** Returns whether a storage that holds a change of one kind holds this one as well. */
  #isHeld(path: string, before: number, kind: number, pending?: PendingEntry): boolean {
    if (kind !== TRUSTED || before !== TRUSTED) return kind !== TRUSTED && before !== TRUSTED;
    const known = this.#changes.get(path);
    return known !== undefined && pending !== undefined && isSame(known.entry, pending.entry);
  }

  #markOf(path: string): number {
    const waiting = this.#waiting?.markOf(path) ?? 0;
    return waiting === 0 ? this.#changes.markOf(path) : waiting;
  }

  #pendingEntry(path: string): PendingEntry {
    const pending = this.#waiting?.get(path) ?? this.#changes.get(path);
    if (!pending) throw new Error(`Broken pending changes: no entry for ${JSON.stringify(path)}`);
    return pending;
  }

  *#changedPaths(): Iterable<string> {
    for (const [path] of this.#changes.marks()) if (!this.#waiting?.markOf(path)) yield path;
    for (const [path] of this.#waiting?.marks() ?? []) yield path;
  }

  #count(test: (mark: number) => boolean): number {
    let count = this.#changes.count(test);
    for (const [path, mark] of this.#waiting?.marks() ?? []) {
      const hidden = this.#changes.markOf(path);
      count += Number(test(mark)) - Number(hidden !== 0 && test(hidden));
    }
    return count;
  }
}

/** Yields all paths, without decoding entries where there are lines. */
function* pathsOf(contents: CacheContents): Iterable<string> {
  const { lines } = contents;
  if (lines === undefined) {
    for (const [path] of contents.entries()) yield path;
    return;
  }
  for (let line = lines.from; line < lines.to; line = nextLine(lines.bytes, line)) {
    const path = pathOfLine(lines.bytes, line);
    if (path !== undefined) yield path;
  }
}

/** Returns the first field in which a file differs from its entry, or `undefined` when none does: the entry is valid. */
export function changedField(
  entry: Pick<FileCacheEntry, StatField>,
  stat: Pick<FileCacheEntry, StatField>,
): MissReason | undefined {
  if (entry.size !== stat.size) return 'size';
  if (entry.mtimeNs !== stat.mtimeNs) return 'mtime';
  if (entry.ctimeNs !== stat.ctimeNs) return 'ctime';
  // Node gives inode numbers from 2^63 on as negative ones; the file format knows only positive ones.
  if (entry.ino !== stat.ino && entry.ino !== BigInt.asUintN(64, stat.ino)) return 'inode';
  return undefined;
}

type StatField = 'size' | 'mtimeNs' | 'ctimeNs' | 'ino';

/** Returns whether no change shows between two stats of one file. */
export function isSameStat(a: FileStat, b: FileStat): boolean {
  return changedField(a, b) === undefined && a.dev === b.dev;
}

function isSame(a: FileCacheEntry, b: FileCacheEntry): boolean {
  if (changedField(a, b) !== undefined || a.objectId !== b.objectId) return false;
  if (a.dimensions.size !== b.dimensions.size) return false;
  for (const [name, value] of a.dimensions) if (b.dimensions.get(name) !== value) return false;
  return true;
}

const ALGORITHM = 'sha256:';
const SECOND = 1_000_000_000n;
/** The words of a row: a packed stat, and behind it a digest. */
const ROW_WORDS = STAT_WORDS + DIGEST_WORDS;
/** Entries of one page: 41 KiB. Pages are never copied, where an array that grows is there twice while it does. */
const ROWS = 512;

interface Page {
  readonly rows: Int32Array;
  /** The same memory in bytes. */
  readonly bytes: Buffer;
  readonly marks: Uint8Array;
}

/**
 * A map from paths to marks and entries that takes 81 bytes an entry beside its path, where objects with bigints and texts
 * take 270: it makes an entry each time it is asked for one.
 */
class Changes {
  readonly #rows = new PathMap<number>();
  readonly #pages: Page[] = [];
  /** Entries that no row can hold: with dimensions, or with numbers beyond 64 bits. */
  readonly #whole = new Map<number, PendingEntry>();
  /** Rows that were used and are free. */
  readonly #free: number[] = [];
  #used = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** Returns the mark of a path; 0 where it is not changed. */
  markOf(path: string): number {
    if (this.#rows.size === 0) return 0;
    const row = this.#rows.get(path);
    return row === undefined ? 0 : this.#markIn(row);
  }

  *marks(): Iterable<readonly [path: string, mark: number]> {
    for (const [path, row] of this.#rows) yield [path, this.#markIn(row)];
  }

  /** Returns what is pending of a path; `undefined` where it is not changed, removed, or of another kind than asked for. */
  get(path: string, kind?: number): PendingEntry | undefined {
    const row = this.#rows.get(path);
    if (row === undefined) return undefined;
    const its = this.#markIn(row) & KIND;
    return its === REMOVED || (kind !== undefined && its !== kind) ? undefined : this.#read(row);
  }

  /** Returns where the entry of a path is packed; `undefined` where it is of another kind, or kept whole. */
  packed(path: string, kind: number): PackedRead | undefined {
    const row = this.#rows.get(path);
    if (row === undefined || (this.#markIn(row) & KIND) !== kind || this.#whole.has(row)) return undefined;
    const stat = (row % ROWS) * ROW_WORDS;
    return { words: this.#page(row).rows, stat, digest: stat + STAT_WORDS };
  }

  set(path: string, mark: number, pending?: PendingEntry): void {
    const row = this.#rows.get(path) ?? this.#newRow(path);
    this.#page(row).marks[row % ROWS] = mark;
    this.#whole.delete(row);
    if (pending && !this.#write(row, pending)) this.#whole.set(row, pending);
  }

  /** Adds a path that is not changed yet. */
  add(path: string, mark: number, read: PackedRead): void {
    const row = this.#newRow(path);
    const { rows, marks } = this.#page(row);
    marks[row % ROWS] = mark;
    copyRead(read, rows, (row % ROWS) * ROW_WORDS);
  }

  #newRow(path: string): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row === this.#pages.length * ROWS) this.#pages.push(newPage());
    this.#rows.set(path, row);
    return row;
  }

  delete(path: string): void {
    const row = this.#rows.get(path);
    if (row === undefined) return;
    this.#rows.delete(path);
    this.#whole.delete(row);
    this.#page(row).marks[row % ROWS] = 0;
    this.#free.push(row);
  }

  /** Counts the marks of changed paths that pass a test. */
  count(test: (mark: number) => boolean): number {
    let count = 0;
    for (const { marks } of this.#pages) for (const mark of marks) if (mark !== 0 && test(mark)) count++;
    return count;
  }

  markStored(): void {
    for (const { marks } of this.#pages) {
      for (const [at, mark] of marks.entries()) {
        if ((mark & UNSAVED) !== 0) marks[at] = (mark & KIND) | STORED;
      }
    }
  }

  #page(row: number): Page {
    const page = this.#pages[Math.floor(row / ROWS)];
    if (page === undefined) throw new RangeError(`Broken pending changes: no page for row ${row}`);
    return page;
  }

  #markIn(row: number): number {
    const mark = this.#page(row).marks[row % ROWS];
    if (!mark) throw new RangeError(`Broken pending changes: no mark in row ${row}`);
    return mark;
  }

  /** Returns false where the row would not give back what is put into it. */
  #write(row: number, { entry, dev }: PendingEntry): boolean {
    const { rows, bytes } = this.#page(row);
    const at = (row % ROWS) * ROW_WORDS;
    if (entry.dimensions.size > 0 || !packStat({ ...entry, dev }, rows, at)) return false;
    const digest = entry.objectId.slice(ALGORITHM.length);
    return bytes.write(digest, (at + STAT_WORDS) * 4, DIGEST_WORDS * 4, 'hex') === DIGEST_WORDS * 4;
  }

  #read(row: number): PendingEntry {
    const whole = this.#whole.get(row);
    if (whole) return whole;
    const { rows } = this.#page(row);
    const at = (row % ROWS) * ROW_WORDS;
    return unpackRead({ words: rows, stat: at, digest: at + STAT_WORDS });
  }
}

function unpackRead({ words, stat, digest }: PackedRead): PendingEntry {
  const { dev, ...fields } = unpackStat(words, stat);
  const bytes = Buffer.from(words.buffer, words.byteOffset + digest * 4, DIGEST_WORDS * 4);
  return {
    entry: { ...fields, objectId: `${ALGORITHM}${bytes.toString('hex')}`, dimensions: NO_DIMENSIONS },
    dev,
  };
}

function newPage(): Page {
  const rows = new Int32Array(ROWS * ROW_WORDS);
  return { rows, bytes: Buffer.from(rows.buffer), marks: new Uint8Array(ROWS) };
}

/** Returns the stat that is packed from a word on. */
export function unpackStat(words: Int32Array, at: number): FileStat {
  const long = (field: number) =>
    (BigInt(itemAt(words, at + field + HIGH)) << 32n) | BigInt(itemAt(words, at + field + LOW) >>> 0);
  const time = (seconds: number, ns: number) => long(seconds) * SECOND + BigInt(itemAt(words, at + ns));
  return {
    dev: BigInt.asUintN(64, long(PACKED.dev)),
    ino: BigInt.asUintN(64, long(PACKED.ino)),
    size: long(PACKED.size),
    mtimeNs: time(PACKED.mtime, PACKED.mtimeNs),
    ctimeNs: time(PACKED.ctime, PACKED.ctimeNs),
  };
}

/** Packs a stat from a word on, and returns true; or false where it would not be the same once it is unpacked. */
export function packStat(stat: FileStat, words: Int32Array, at: number): boolean {
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  const mtime = secondsOf(mtimeNs);
  const ctime = secondsOf(ctimeNs);
  if (!isUnsigned(dev) || !isUnsigned(ino) || !isSigned(size) || !isSigned(mtime) || !isSigned(ctime))
    return false;
  const long = (field: number, number: bigint) => {
    words[at + field + LOW] = Number(BigInt.asIntN(32, number));
    words[at + field + HIGH] = Number(BigInt.asIntN(32, number >> 32n));
  };
  long(PACKED.dev, dev);
  long(PACKED.ino, ino);
  long(PACKED.size, size);
  long(PACKED.mtime, mtime);
  long(PACKED.ctime, ctime);
  words[at + PACKED.mtimeNs] = Number(mtimeNs - mtime * SECOND);
  words[at + PACKED.ctimeNs] = Number(ctimeNs - ctime * SECOND);
  return true;
}

/** Copies a packed stat, and behind it the digest, to words from `to` on. */
export function copyRead({ words: from, stat, digest }: PackedRead, words: Int32Array, to: number): void {
  for (let word = 0; word < STAT_WORDS; word++) words[to + word] = itemAt(from, stat + word);
  for (let word = 0; word < DIGEST_WORDS; word++) words[to + STAT_WORDS + word] = itemAt(from, digest + word);
}

/** Returns the whole seconds of a time, from which its nanoseconds count up. */
function secondsOf(ns: bigint): bigint {
  const seconds = ns / SECOND;
  return seconds * SECOND > ns ? seconds - 1n : seconds;
}

function isUnsigned(number: bigint): boolean {
  return BigInt.asUintN(64, number) === number;
}

function isSigned(number: bigint): boolean {
  return BigInt.asIntN(64, number) === number;
}

/** The trusted entries among changes. */
class TrustedEntries implements PutEntries {
  readonly #changes: Changes;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  get size(): number {
    return this.#changes.count((mark) => (mark & KIND) === TRUSTED);
  }

  has(path: string): boolean {
    return (this.#changes.markOf(path) & KIND) === TRUSTED;
  }

  get(path: string): FileCacheEntry | undefined {
    return this.#changes.get(path, TRUSTED)?.entry;
  }

  packed(path: string): PackedRead | undefined {
    return this.#changes.packed(path, TRUSTED);
  }

  *keys(): Generator<string> {
    for (const [path, mark] of this.#changes.marks()) if ((mark & KIND) === TRUSTED) yield path;
  }

  *entries(): Generator<[path: string, entry: FileCacheEntry]> {
    for (const path of this.keys()) {
      const entry = this.get(path);
      if (entry) yield [path, entry];
    }
  }

  *values(): Generator<FileCacheEntry> {
    for (const [, entry] of this.entries()) yield entry;
  }

  [Symbol.iterator](): Generator<[path: string, entry: FileCacheEntry]> {
    return this.entries();
  }

  forEach(
    visit: (entry: FileCacheEntry, path: string, entries: ReadonlyMap<string, FileCacheEntry>) => void,
    thisArg?: unknown,
  ): void {
    for (const [path, entry] of this) visit.call(thisArg, entry, path, this);
  }
}
