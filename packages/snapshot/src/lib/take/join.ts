import { treePathToBytes } from '@muse/paths';
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
  FIRST_HIT,
  INODE_CHANGED,
  isFile,
  MTIME_CHANGED,
  NEW,
  PackedStats,
  SIZE_CHANGED,
  type DirectoryNode,
  type Join,
  type LineRange,
  type EntryCursor,
  type Listing,
} from '@muse/walker/scan';

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
    const id = objectIdOffset(bytes, line, key, details, detail);
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

const ID_LENGTH = 71;
const DIGEST_BYTES = 32;
const DIGEST_WORDS = DIGEST_BYTES / 4;
// Words of a row. What is known of a miss.
const STATE = 0;
const DETAIL = 1;
const NAME = 2;
const ROW_WORDS = 3;
/** The reasons for a miss. The state of one has the place of its reason, counted from 1. */
const REASONS: readonly MissReason[] = ['new', 'size', 'mtime', 'ctime', 'inode', 'racy', 'cache-reset'];
const REASON = 7;
/** Added to a state: the object id is known. */
const KNOWN = 8;
/** Added to a state: something newer is known of the file than its line. */
const DOUBTED = 16;
/** Added to a state: the cache does not vouch for the object id that was read. */
const UNTRUSTED = 32;
const NONE: readonly never[] = [];

/** The text of the files of one directory, as a snapshot id is made of it: path NUL id NUL for each of them. */
export interface Texts {
  /** What comes before each directory in it, and after the last one. */
  readonly parts: readonly Uint8Array[];
  /** The names of those directories. */
  readonly directories: readonly string[];
}

/**
 * The files of one directory: its listing with their object ids, and those that must be read. What is known of a file beside
 * its listing is a row of numbers: objects and texts take longer to make than a small file to read.
 */
export class DirectoryResult {
  readonly node: DirectoryNode<DirectoryResult>;
  readonly listing: Listing;
  /** The stored lines, in which a match of the listing is an offset; the same for all directories. */
  readonly lines: Buffer | undefined;
  /** The number of files that have to be read, or were. */
  misses = 0;
  /** The files that could not be. */
  readonly problems: Problem[] = [];
  /** Its text in the snapshot id, where the tree is kept and that was made. */
  texts: Texts | undefined;
  /** Its files without an object id, by entry, once a snapshot of it has ended. */
  unread: readonly number[] = NONE;
  /** Bytes that were read of its files beyond those that they were listed with, likewise. */
  surplus = 0;
  #isTrusted = true;
  /** A row for each entry, once there is one that needs it. */
  #rows: Int32Array | undefined;
  /** The digests that are known beside the lines: room for one of each entry, side by side. */
  #digests: Int32Array | undefined;
  /** Bytes that were read of a file, where they are not as many as it was listed with. */
  #bytesRead: Map<number, number> | undefined;

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
    return leftOutHits.reduce((rest, offset) => rest - sizeInLine(this.linesOfHits, offset), fileBytes);
  }

  /** True if its files are hits, nothing else is known of them, and each line that is not below another directory is one's. */
  get hasLinesAlone(): boolean {
    return this.#rows === undefined && this.listing.hasLinesAlone && !this.listing.hasGone;
  }

  /** Makes a miss of the file at a cursor: only reading it can tell its object id. */
  addMiss({ entry, detail, from }: EntryCursor, reason: MissReason): void {
    const rows = this.#rowsToWrite;
    const row = entry * ROW_WORDS;
    rows[row + STATE] = wordAt(rows, row + STATE) | (1 + REASONS.indexOf(reason));
    rows[row + DETAIL] = detail;
    rows[row + NAME] = from;
    this.misses++;
  }

  /** Makes a miss of a file that was read after the directory was last listed, and keeps what was read. */
  addRead(cursor: EntryCursor, { result, entry }: ReadFile): void {
    const reason = result.reasonOf(entry);
    const before = result.#digests;
    if (!reason || !before) throw new Error(`Broken join: ${cursor.name} was read, and is no miss`);
    this.addMiss(cursor, reason);
    this.setDigest(cursor.entry, before, entry * DIGEST_WORDS);
    this.setBytesRead(cursor.entry, result.bytesRead(entry));
  }

  /** Takes a miss back: the file is gone, and no part of the listing any more. */
  removeMiss(entry: number): void {
    this.listing.leaveOut({ entry, detail: this.detail(entry) });
    this.#rowsToWrite[entry * ROW_WORDS + STATE] = 0;
    this.misses--;
  }

  /** Returns why a file has to be read, or was; `undefined` where it is no miss. */
  reasonOf(entry: number): MissReason | undefined {
    return REASONS[(this.#word(entry, STATE) & REASON) - 1];
  }

  /** Returns whether a file has to be read, and was not. */
  isUnread(entry: number): boolean {
    const state = this.#word(entry, STATE);
    return (state & REASON) > 0 && (state & KNOWN) === 0;
  }

  /** Returns the word of the listing where the detail of a miss begins. */
  detail(entry: number): number {
    return this.#word(entry, DETAIL);
  }

  /** Returns the offset in the listing where the name of a miss begins. */
  nameFrom(entry: number): number {
    return this.#word(entry, NAME);
  }

  /** Returns the bytes that a miss was listed with. */
  size(entry: number): number {
    return this.listing.size(this.detail(entry));
  }

  /** Returns the stat that a miss was listed with. */
  statOf(entry: number): FileStat {
    return this.listing.stat(this.detail(entry));
  }

  /** Returns the name of a miss. */
  nameOf(entry: number): string {
    return this.listing.nameAt(this.nameFrom(entry));
  }

  /** Keeps the object id of a file. */
  set(entry: number, id: ObjectId): void {
    const words = new Int32Array(DIGEST_WORDS);
    Buffer.from(words.buffer).write(id.slice(-2 * DIGEST_BYTES), 'hex');
    this.setDigest(entry, words, 0);
  }

  /** Keeps the object id of a file: the eight words of its digest from a word on. */
  setDigest(entry: number, words: Int32Array, from: number): void {
    const rows = this.#rowsToWrite;
    const row = entry * ROW_WORDS;
    rows[row + STATE] = wordAt(rows, row + STATE) | KNOWN;
    const digests = (this.#digests ??= new Int32Array(this.listing.length * DIGEST_WORDS));
    const digest = entry * DIGEST_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word++) digests[digest + word] = wordAt(words, from + word);
  }

  /** Keeps how many bytes of a miss were read. */
  setBytesRead(entry: number, bytes: number): void {
    if (bytes !== this.bytesRead(entry)) (this.#bytesRead ??= new Map()).set(entry, bytes);
  }

  /** Returns how many bytes of a miss were read; until then, how many it was listed with. */
  bytesRead(entry: number): number {
    return this.#bytesRead?.get(entry) ?? this.size(entry);
  }

  /** Returns the bytes of the file at a cursor: as many as were read of it, else as its stat or its line says. */
  bytesOf(cursor: EntryCursor): number {
    const { entry, match } = cursor;
    if (this.reasonOf(entry)) return this.bytesRead(entry);
    return cursor.hasDetail ? cursor.size : sizeInLine(this.linesOfHits, match);
  }

  /** Returns the digests of entries, for each of which one was kept: 32 bytes each. */
  digestsOf(from: number, to: number): Buffer {
    if (!this.#digests) throw new Error('Broken join: no digest was kept');
    const { buffer, byteOffset } = this.#digests;
    return Buffer.from(buffer, byteOffset + from * DIGEST_BYTES, (to - from) * DIGEST_BYTES);
  }

  /** Returns whether an object id was kept for an entry. */
  has(entry: number): boolean {
    return (this.#word(entry, STATE) & KNOWN) !== 0;
  }

  /** Takes the object id of no hit any more: something newer is known of the file than its line. */
  doubt(entry: number): void {
    this.#rowsToWrite[entry * ROW_WORDS + STATE] = DOUBTED;
  }

  /** Returns whether the object id of an entry is that of its line. */
  isHit(entry: number): boolean {
    return this.listing.match(entry) >= FIRST_HIT && this.#word(entry, STATE) === 0;
  }

  /** Returns the object id of a file, where it is known. */
  idOf(entry: number): ObjectId | undefined {
    if (this.isHit(entry)) {
      const offset = this.listing.match(entry);
      return this.linesOfHits.toString('latin1', offset, offset + ID_LENGTH) as ObjectId;
    }
    return this.has(entry) ? `sha256:${this.digestsOf(entry, entry + 1).toString('hex')}` : undefined;
  }

  /** Returns whether the object ids of two files are the same, or neither is known. */
  hasSameId(entry: number, other: DirectoryResult, itsEntry: number): boolean {
    const [own, its] = [this.#digests, other.#digests];
    if (own && its && this.has(entry) && other.has(itsEntry)) {
      for (let word = 0; word < DIGEST_WORDS; word++)
        if (wordAt(own, entry * DIGEST_WORDS + word) !== wordAt(its, itsEntry * DIGEST_WORDS + word))
          return false;
      return true;
    }
    const isSameLine =
      this.lines === other.lines && this.listing.match(entry) === other.listing.match(itsEntry);
    if (isSameLine && this.isHit(entry) && other.isHit(itsEntry)) return true;
    return this.idOf(entry) === other.idOf(itsEntry);
  }

  /** Adds the misses to counts by reason, and returns how many more bytes were read of them than listed. */
  countMisses(counts: Record<MissReason, number>): number {
    if (this.misses === 0) return 0;
    for (let entry = 0; entry < this.listing.length; entry++) {
      const reason = this.reasonOf(entry);
      if (reason) counts[reason]++;
    }
    let surplus = 0;
    for (const [entry, bytes] of this.#bytesRead ?? []) surplus += bytes - this.size(entry);
    return surplus;
  }

  /** True if a further listing that says the same needs not be judged: the cache vouches for each of its files. */
  get isTrusted(): boolean {
    return this.#isTrusted && this.misses === 0 && this.problems.length === 0;
  }

  /**
   * Ends a snapshot for a directory that is kept: what was read is known from now on, and no miss any more.
   *
   * @param cache - asked whether it vouches for what was read.
   */
  settle(cache: Pick<StatCache, 'lookup'> | undefined): void {
    const rows = this.#rows;
    if (this.misses === 0 || !rows) return;
    const unread: number[] = [];
    for (let entry = 0; entry < this.listing.length; entry++) {
      if (this.reasonOf(entry) === undefined) continue;
      if (!this.has(entry)) {
        unread.push(entry);
        continue;
      }
      const isTrusted =
        !cache || cache.lookup(this.node.prefix + this.nameOf(entry), this.statOf(entry)) !== undefined;
      this.#isTrusted &&= isTrusted;
      const state = entry * ROW_WORDS + STATE;
      rows[state] = (wordAt(rows, state) & ~REASON) | (isTrusted ? 0 : UNTRUSTED);
    }
    for (const [entry, bytes] of this.#bytesRead ?? []) this.surplus += bytes - this.size(entry);
    this.unread = unread;
    this.misses = 0;
    this.#isTrusted &&= unread.length === 0;
  }

  /** Takes over what an earlier snapshot knew of a file that is the same; returns whether the cache vouches for that. */
  takeOver(entry: number, before: DirectoryResult, itsEntry: number): boolean {
    if (before.isHit(itsEntry)) return true;
    const state = before.#word(itsEntry, STATE);
    if ((state & (KNOWN | REASON | UNTRUSTED)) !== KNOWN || !before.#digests) return false;
    this.setDigest(entry, before.#digests, itsEntry * DIGEST_WORDS);
    return true;
  }

  /** Returns the files that were read since the directory was listed, by name; `undefined` where there are none. */
  filesRead(): ReadonlyMap<string, ReadFile> | undefined {
    if (this.misses === 0) return undefined;
    const read = new Map<string, ReadFile>();
    for (let entry = 0; entry < this.listing.length; entry++) {
      if (this.has(entry) && this.reasonOf(entry)) read.set(this.nameOf(entry), { result: this, entry });
    }
    return read.size > 0 ? read : undefined;
  }

  #word(entry: number, word: number): number {
    return this.#rows ? wordAt(this.#rows, entry * ROW_WORDS + word) : 0;
  }

  get #rowsToWrite(): Int32Array {
    return (this.#rows ??= new Int32Array(this.listing.length * ROW_WORDS));
  }

  /** The stored lines, for a hit. Throws where there are none. */
  get linesOfHits(): Buffer {
    if (!this.lines) throw new Error('Broken join: a hit without lines');
    return this.lines;
  }
}

function wordAt(words: Int32Array, at: number): number {
  const word = words[at];
  if (word === undefined) throw new RangeError(`Broken join: no word ${at} of ${words.length}`);
  return word;
}

/** Returns the size in the line whose object id is at an offset. */
function sizeInLine(lines: Buffer, objectId: number): number {
  const entry = entryOfLine(lines, lines.lastIndexOf(LINE_FEED, objectId) + 1);
  if (!entry) throw new Error(`Broken join: no entry in the line of the object id at ${objectId}`);
  return Number(entry.size);
}

/** A file that was read in this snapshot. */
interface ReadFile {
  readonly result: DirectoryResult;
  readonly entry: number;
}

/** Returns the result of a directory that was listed. */
export function resultOf({ path, value }: DirectoryNode<DirectoryResult>): DirectoryResult {
  if (!value) throw new Error(`Broken tree: ${JSON.stringify(path)} was listed, and has no result`);
  return value;
}

/** Returns those of some directories that have files to be read, or that were. */
export function directoriesWithMisses(
  listed: Iterable<DirectoryNode<DirectoryResult>>,
): readonly DirectoryResult[] {
  const directories = new Set<DirectoryResult>();
  for (const { value } of listed) if (value && value.misses > 0) directories.add(value);
  return [...directories];
}

/** The cache that listings are judged by. */
export interface Known {
  readonly cache: StatCache | undefined;
  /** The stored lines that listings are joined with. Without them each file is looked up by its path. */
  readonly lines: Buffer | undefined;
  /** Returns the names of files in a directory that are read whatever their stat says. Default: none are. */
  readonly mustRead?: ((node: DirectoryNode<DirectoryResult>) => ReadonlySet<string> | undefined) | undefined;
  /** Returns the result that a directory had when the last snapshot of a tree that is kept ended. Default: none. */
  readonly lastResult?: ((node: DirectoryNode<DirectoryResult>) => DirectoryResult | undefined) | undefined;
}

/**
 * Judges the files of a directory that was just listed: which are hits, and which have to be read. `before` is the
 * result of its last listing in this snapshot: a file that was read since, and did not change, is not read again. Or it is
 * that of this same listing, in an earlier snapshot, and holds as long as nothing is to be read whatever its stat says.
 */
export function judgeDirectory(
  node: DirectoryNode<DirectoryResult>,
  listing: Listing,
  known: Known,
  before: DirectoryResult | undefined,
): DirectoryResult {
  const written = known.mustRead?.(node);
  const isAsBefore = before?.listing === listing;
  if (isAsBefore && before.isTrusted && known.cache && !written) return before;
  const result = new DirectoryResult(node, listing, known.lines);
  const read = isAsBefore ? undefined : before?.filesRead();
  // With nothing newer than the lines, a hit needs neither its name nor its path. A line that vouches for a file is right
  // whatever was recorded since the listing was asked for, without the stats that would tell.
  const areLinesNewest =
    !written && read === undefined && (known.cache?.hasPending !== true || !listing.hasAllDetails);
  if (areLinesNewest && listing.hasOnlyHits) return result;
  // Nor does any other file, where nothing at all is newer.
  const isFirstWord =
    !written &&
    read === undefined &&
    (!known.cache || (known.lines !== undefined && !known.cache.hasPending));
  const doubted = written && new Set(listing.find(written).values());
  const last = isAsBefore ? before : known.lastResult?.(node);
  const earlier = last && known.cache && read === undefined ? new EarlierFiles(last) : undefined;
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    const { match, entry } = cursor;
    if (!isFile(match) || (areLinesNewest && match >= FIRST_HIT)) continue;
    if (isFirstWord && (!known.cache || match !== BAD_LINE)) {
      result.addMiss(cursor, reasonOf(match, known.cache));
      continue;
    }
    const isDoubted = doubted?.has(entry) === true;
    if (isDoubted || earlier?.isTakenOver(cursor, result) !== true)
      judgeFile(result, cursor, { match, isDoubted }, known, read);
  }
  return result;
}

/**
 * The files of a directory as they were at the end of an earlier snapshot. Of one that is the same, the object id is still
 * right if the cache vouched for it then, and to look it up again takes twenty times as long.
 */
class EarlierFiles {
  readonly #result: DirectoryResult;
  readonly #cursor: EntryCursor;

  constructor(result: DirectoryResult) {
    this.#result = result;
    this.#cursor = result.listing.entries().skipDirectories();
  }

  /** Returns whether what was known of the file at a cursor is known in `result` now. Asked in path order. */
  isTakenOver(file: EntryCursor, result: DirectoryResult): boolean {
    const before = this.#result;
    const own = this.#cursor;
    let order = -1;
    while (own.entry < before.listing.length && (order = own.compare(file)) < 0) own.next().skipDirectories();
    return order === 0 && own.isSameFile(file) && result.takeOver(file.entry, before, own.entry);
  }
}

/** Judges one file by whatever is newest: what was read in this snapshot, what is pending in the cache, its line. */
function judgeFile(
  result: DirectoryResult,
  cursor: EntryCursor,
  { match, isDoubted }: { readonly match: number; readonly isDoubted: boolean },
  { cache, lines }: Known,
  read: ReadonlyMap<string, ReadFile> | undefined,
): void {
  const { entry, name } = cursor;
  const earlier = read?.get(name);
  if (earlier && isSameStat(earlier.result.statOf(earlier.entry), cursor.stat)) {
    result.addRead(cursor, earlier);
    return;
  }
  if (!cache) {
    result.addMiss(cursor, reasonOf(match, cache));
    return;
  }
  const path = result.node.prefix + name;
  if (lines && match !== BAD_LINE && !cache.isPending(path)) {
    if (match < FIRST_HIT) result.addMiss(cursor, reasonOf(match, cache));
    else if (isDoubted) result.addMiss(cursor, 'racy');
    return;
  }
  const { stat } = cursor;
  result.doubt(entry);
  const id = isDoubted ? undefined : cache.lookup(path, stat);
  if (id !== undefined) {
    result.set(entry, id);
    return;
  }
  const reason = cache.missReason(path, stat) ?? (isDoubted ? 'racy' : undefined);
  if (reason === undefined)
    throw new Error(`Broken cache: no reason for the miss of ${JSON.stringify(path)}`);
  result.addMiss(cursor, reason);
}

const REASON_OF_MATCH: readonly MissReason[] = Object.assign([] as MissReason[], {
  [SIZE_CHANGED]: 'size',
  [MTIME_CHANGED]: 'mtime',
  [CTIME_CHANGED]: 'ctime',
  [INODE_CHANGED]: 'inode',
});

function reasonOf(match: number, cache: StatCache | undefined): MissReason {
  if (match === NEW || !cache) return cache?.discarded === undefined ? 'new' : 'cache-reset';
  const reason = REASON_OF_MATCH[match];
  if (reason === undefined) throw new RangeError(`Broken scan reply: there is no match ${match}`);
  return reason;
}
