import { PathSet, treePathToBytes } from '@muse/paths';
import {
  isSameStat,
  type FileStat,
  type MissReason,
  type ObjectId,
  type StatCache,
  type StoredLines,
} from '@muse/stat-cache';
import {
  changedField,
  compareKey,
  entryOfLine,
  keyEnd,
  lowerBoundFrom,
  nextLine,
  objectIdOffset,
} from '@muse/stat-cache/lines';
import type { Problem } from '@muse/walker';
import {
  BAD_LINE,
  CTIME_CHANGED,
  directoriesOf,
  FIRST_HIT,
  INODE_CHANGED,
  isFile,
  MTIME_CHANGED,
  NEW,
  PackedStats,
  SIZE_CHANGED,
  STAT_LAYOUT,
  type DirectoryNode,
  type Join,
  type LineRange,
  type EntryCursor,
  type Listing,
} from '@muse/walker/scan';
import type { FileToHash } from '../hash/engine.js';

// The join of a listing with the cache, in two steps. An engine joins the entries of a directory with its stored lines; it
// may do so on another thread. What it said is then judged with all else that is known: which files must be read.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const SLASH = Buffer.from('/');
const CHANGES = {
  size: SIZE_CHANGED,
  mtime: MTIME_CHANGED,
  ctime: CTIME_CHANGED,
  inode: INODE_CHANGED,
  racy: BAD_LINE,
  new: BAD_LINE,
  'cache-reset': BAD_LINE,
} as const;

/**
 * The join of a listing with the stat cache. A directory's entries and its slice of the stored lines lie in the same
 * order, so one pass over both tells for each file whether its line is a hit, what changed, or that it has none, and
 * for each line whether its file is gone. That takes 0.5 µs a file; looking each one up by its path takes 2.
 *
 * A line is a hit if its key is the file's path, no other line has that key, and size, mtime, ctime and inode are those
 * of the file. All stored lines are trusted. Anything doubtful is a miss.
 */
export class LineJoin implements Join {
  readonly #lines: StoredLines;
  /** The directory's path and a slash, with which the keys of all its lines begin. */
  readonly #prefix: Uint8Array;
  readonly #end: number;
  readonly #gone: { from: number; to: number }[] = [];
  #line: number;

  /** Joins a directory, given by its tree path, with its slice of the lines. */
  constructor(lines: StoredLines, path: string, { from, to }: LineRange) {
    this.#lines = lines;
    this.#prefix = treePathToBytes(path === '' ? '' : `${path}/`);
    this.#line = from;
    this.#end = to;
  }

  get lines(): Uint8Array {
    return this.#lines.bytes;
  }

  file(names: Uint8Array, from: number, to: number, details: Int32Array, detail: number): number {
    const { bytes } = this.#lines;
    while (this.#line < this.#end) {
      const order = this.#compare(names, from, to);
      if (order > 0) return NEW;
      if (order === 0) break;
      this.#skip(nextLine(bytes, this.#line));
    }
    if (this.#line >= this.#end) return NEW;
    const line = this.#line;
    const key = this.#keyEnd(to - from);
    this.#line = nextLine(bytes, line);
    let repeated = false;
    while (this.#line < this.#end && this.#compare(names, from, to) === 0) {
      repeated = true;
      this.#line = nextLine(bytes, this.#line);
    }
    if (repeated) return BAD_LINE;
    const id = objectIdOffset(bytes, line, key, details, detail, STAT_LAYOUT);
    return id > 0 ? id : this.#whatChanged(line, details, detail);
  }

  directory(names: Uint8Array, from: number, to: number): LineRange {
    const path = Buffer.concat([this.#prefix, names.subarray(from, to), SLASH]);
    const start = this.#find(path);
    this.#skip(start);
    // `0` is what comes after `/`: the first key that is not below the directory.
    path[path.length - 1] = 0x30;
    const end = this.#find(path);
    this.#line = end;
    return { from: start, to: end };
  }

  gone(): readonly LineRange[] {
    this.#skip(this.#end);
    return this.#gone;
  }

  /** Moves on to a later line; the lines before it have no file. */
  #skip(line: number): void {
    if (line === this.#line) return;
    const last = this.#gone.at(-1);
    if (last?.to === this.#line) last.to = line;
    else this.#gone.push({ from: this.#line, to: line });
    this.#line = line;
  }

  /** Returns the first line from here on whose key is not before `path`. */
  #find(path: Uint8Array): number {
    return lowerBoundFrom({ ...this.#lines, to: this.#end }, path, this.#line);
  }

  /** Compares the key of the line with the path of a name, without building the path: negative if the key is before. */
  #compare(names: Uint8Array, from: number, to: number): number {
    const { bytes } = this.#lines;
    const prefix = this.#prefix;
    let at = this.#line + 1;
    for (let i = 0; i < prefix.length; i++, at++) {
      // A backslash in a key begins an escape, whatever the directory is called.
      const key = bytes[at];
      if (key !== prefix[i] || key === BACKSLASH) return this.#compareWhole(names, from, to);
    }
    for (let i = from; i < to; i++, at++) {
      const key = byteAt(bytes, at);
      if (key === BACKSLASH) return this.#compareWhole(names, from, to);
      if (key === QUOTE) return -1;
      const difference = key - byteAt(names, i);
      if (difference !== 0) return difference;
    }
    const end = byteAt(bytes, at);
    if (end === BACKSLASH) return this.#compareWhole(names, from, to);
    return end === QUOTE ? 0 : 1;
  }

  #compareWhole(names: Uint8Array, from: number, to: number): number {
    const path = Buffer.concat([this.#prefix, names.subarray(from, to)]);
    return compareKey(this.#lines.bytes, this.#line, path);
  }

  /** Returns where the line's key ends. A key without escapes has as many bytes as its path. */
  #keyEnd(nameBytes: number): number {
    const { bytes } = this.#lines;
    const quote = this.#line + 1 + this.#prefix.length + nameBytes;
    return bytes[quote] === QUOTE && bytes[quote - 1] !== BACKSLASH ? quote : keyEnd(bytes, this.#line);
  }

  #whatChanged(line: number, details: Int32Array, detail: number): number {
    const entry = entryOfLine(this.#lines.bytes, line);
    if (entry === undefined) return BAD_LINE;
    const changed = changedField(entry, new PackedStats(details).at(detail));
    return changed === undefined ? BAD_LINE : CHANGES[changed];
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(`Broken lines or names: no byte ${at} of ${bytes.length}`);
  return byte;
}

/** A file whose object id only reading it can tell. */
export class Miss {
  readonly directory: DirectoryResult;
  /** Its entry in the listing of the directory. */
  readonly entry: number;
  readonly reason: MissReason;
  /** Bytes when it was listed. */
  readonly size: number;
  /** Bytes when it was read; until then, those it was listed with. */
  bytes: number;
  /** The word of the listing where its detail begins. */
  readonly detail: number;
  readonly #nameFrom: number;

  constructor(directory: DirectoryResult, cursor: EntryCursor, reason: MissReason) {
    this.directory = directory;
    this.entry = cursor.entry;
    this.detail = cursor.detail;
    this.reason = reason;
    this.size = cursor.size;
    this.bytes = this.size;
    this.#nameFrom = cursor.from;
  }

  get name(): string {
    return this.directory.listing.nameAt(this.#nameFrom);
  }

  /** Its tree path. */
  get path(): string {
    return this.directory.node.prefix + this.name;
  }

  /** The stat that it was listed with. */
  get stat(): FileStat {
    return this.directory.listing.stat(this.detail);
  }

  /** Returns what an engine must be told of it. */
  toHash(): FileToHash {
    const { dev, ino } = this.stat;
    return { directory: this.directory.node, name: this.name, dev, ino, size: this.size };
  }
}

const ID_LENGTH = 71;
const DIGEST_BYTES = 32;
/** A digest, after one byte that says whether there is one. */
const ROW_BYTES = 1 + DIGEST_BYTES;
const KNOWN = 1;
const DOUBTED = 2;

/** The files of one directory: its listing with their object ids, and those that must be read. */
export class DirectoryResult {
  readonly node: DirectoryNode<DirectoryResult>;
  readonly listing: Listing;
  /** The stored lines, in which a match of the listing is an offset; the same for all directories. */
  readonly lines: Buffer | undefined;
  /** The files that have to be read. */
  readonly misses: Miss[] = [];
  /** The files that could not be. */
  readonly problems: Problem[] = [];
  #rows: Buffer | undefined;

  constructor(node: DirectoryNode<DirectoryResult>, listing: Listing, lines: Buffer | undefined) {
    this.node = node;
    this.listing = listing;
    this.lines = lines;
  }

  /** The number of its files. */
  get files(): number {
    return this.listing.files;
  }

  /** The sizes of its files when it was listed, in bytes. */
  get bytes(): number {
    const { fileBytes, leftOutHits } = this.listing;
    return leftOutHits.reduce((rest, offset) => rest - sizeInLine(this.#knownLines, offset), fileBytes);
  }

  /** True if its files are hits and nothing else is known of them, so that the text of its listing is that of the snapshot. */
  get isText(): boolean {
    return this.#rows === undefined && this.listing.isText;
  }

  /** Keeps the object id of an entry. */
  set(entry: number, id: ObjectId): void {
    const rows = this.#rowsToWrite;
    const at = entry * ROW_BYTES;
    rows[at] = KNOWN;
    rows.write(id.slice(-2 * DIGEST_BYTES), at + 1, DIGEST_BYTES, 'hex');
  }

  /** Returns whether an object id was kept for an entry. */
  has(entry: number): boolean {
    return this.#rows?.[entry * ROW_BYTES] === KNOWN;
  }

  /** Takes the object id of no hit any more: something newer is known of the file than its line. */
  doubt(entry: number): void {
    this.#rowsToWrite[entry * ROW_BYTES] = DOUBTED;
  }

  /** Returns whether the object id of an entry is that of its line. */
  isHit(entry: number): boolean {
    return this.listing.match(entry) >= FIRST_HIT && !this.#rows?.[entry * ROW_BYTES];
  }

  /** Returns the object id of a file, where it is known. */
  idOf(entry: number): ObjectId | undefined {
    if (this.isHit(entry)) {
      const offset = this.listing.match(entry);
      return this.#knownLines.toString('latin1', offset, offset + ID_LENGTH) as ObjectId;
    }
    const rows = this.#rows;
    const at = entry * ROW_BYTES;
    return rows?.[at] === KNOWN ? `sha256:${rows.toString('hex', at + 1, at + ROW_BYTES)}` : undefined;
  }

  /** Returns the files that were read since the directory was listed, by name; `undefined` where there are none. */
  filesRead(): ReadonlyMap<string, ReadFile> | undefined {
    const read = new Map<string, ReadFile>();
    for (const miss of this.misses) {
      const id = this.has(miss.entry) ? this.idOf(miss.entry) : undefined;
      if (id !== undefined) read.set(miss.name, { miss, id });
    }
    return read.size > 0 ? read : undefined;
  }

  get #rowsToWrite(): Buffer {
    return (this.#rows ??= Buffer.alloc(this.listing.length * ROW_BYTES));
  }

  get #knownLines(): Buffer {
    if (!this.lines) throw new Error('Broken join: a hit without lines');
    return this.lines;
  }
}

/** Returns the size in the line whose object id is at an offset. */
function sizeInLine(lines: Buffer, objectId: number): number {
  const entry = entryOfLine(lines, lines.lastIndexOf(LINE_FEED, objectId) + 1);
  if (!entry) throw new Error(`Broken join: no entry in the line of the object id at ${objectId}`);
  return Number(entry.size);
}

/** A file that was read in this snapshot. */
interface ReadFile {
  readonly miss: Miss;
  readonly id: ObjectId;
}

/** Returns the result of a directory that was listed. */
export function resultOf({ path, value }: DirectoryNode<DirectoryResult>): DirectoryResult {
  if (!value) throw new Error(`Broken tree: ${JSON.stringify(path)} was listed, and has no result`);
  return value;
}

/** Returns the files of a tree that have neither an object id nor a problem. */
export function missesOf(top: DirectoryNode<DirectoryResult>): Miss[] {
  const misses: Miss[] = [];
  for (const { value } of directoriesOf(top)) {
    if (!value || value.misses.length === 0) continue;
    const failed = new PathSet(value.problems.map(({ path }) => path));
    for (const miss of value.misses) {
      if (!value.has(miss.entry) && (failed.size === 0 || !failed.has(miss.path))) misses.push(miss);
    }
  }
  return misses;
}

/** The cache that listings are judged by. */
export interface Known {
  readonly cache: StatCache | undefined;
  /** The stored lines that listings are joined with. Without them each file is looked up by its path. */
  readonly lines: Buffer | undefined;
}

/**
 * Judges the files of a directory that was just listed: which are hits, and which have to be read. `before` is the
 * result of its last listing in this snapshot: a file that was read since, and did not change, is not read again.
 */
export function judgeDirectory(
  node: DirectoryNode<DirectoryResult>,
  listing: Listing,
  known: Known,
  before: DirectoryResult | undefined,
): DirectoryResult {
  const result = new DirectoryResult(node, listing, known.lines);
  const read = before?.filesRead();
  // With nothing newer than the lines, a hit needs neither its name nor its path. A line that vouches for a file is right
  // whatever was recorded since the listing was asked for, without the stats that would tell.
  const areLinesNewest = read === undefined && (known.cache?.hasPending !== true || !listing.hasAllDetails);
  if (areLinesNewest && listing.hasOnlyHits) return result;
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    const { match } = cursor;
    if (isFile(match) && !(areLinesNewest && match >= FIRST_HIT))
      judgeFile(result, cursor, match, known, read);
  }
  return result;
}

/** Judges one file by whatever is newest: what was read in this snapshot, what is pending in the cache, its line. */
function judgeFile(
  result: DirectoryResult,
  cursor: EntryCursor,
  match: number,
  { cache, lines }: Known,
  read: ReadonlyMap<string, ReadFile> | undefined,
): void {
  const { entry, name } = cursor;
  const { misses } = result;
  const earlier = read?.get(name);
  if (earlier && isSameStat(earlier.miss.stat, cursor.stat)) {
    const miss = new Miss(result, cursor, earlier.miss.reason);
    miss.bytes = earlier.miss.bytes;
    misses.push(miss);
    result.set(entry, earlier.id);
    return;
  }
  if (!cache) {
    misses.push(new Miss(result, cursor, 'new'));
    return;
  }
  const path = result.node.prefix + name;
  if (lines && match !== BAD_LINE && !cache.isPending(path)) {
    if (match < FIRST_HIT) misses.push(new Miss(result, cursor, reasonOf(match, cache)));
    return;
  }
  const { stat } = cursor;
  result.doubt(entry);
  const id = cache.lookup(path, stat);
  if (id !== undefined) {
    result.set(entry, id);
    return;
  }
  const reason = cache.missReason(path, stat);
  if (reason === undefined)
    throw new Error(`Broken cache: no reason for the miss of ${JSON.stringify(path)}`);
  misses.push(new Miss(result, cursor, reason));
}

const REASONS: readonly MissReason[] = Object.assign([] as MissReason[], {
  [SIZE_CHANGED]: 'size',
  [MTIME_CHANGED]: 'mtime',
  [CTIME_CHANGED]: 'ctime',
  [INODE_CHANGED]: 'inode',
});

function reasonOf(match: number, { discarded }: StatCache): MissReason {
  if (match === NEW) return discarded === undefined ? 'new' : 'cache-reset';
  const reason = REASONS[match];
  if (reason === undefined) throw new RangeError(`Broken scan reply: there is no match ${match}`);
  return reason;
}
