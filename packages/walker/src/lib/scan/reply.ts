import { treePathFromBytes, treePathToBytes, type Identity } from '@muse/paths';
import { RESERVED_NAMES, type WalkedStat } from '../types.js';

/**
 * The reply to a scan: a record for each directory, in this machine's byte order, each on a multiple of eight bytes, and
 * so is each of its parts. Every engine writes it, and all that is above the engines reads it through {@link Listing}.
 *
 * ```
 * header   u32 bytes of the record · u32 outcome · u32 errno · u32 operation
 *          u32 entries · u32 bytes of the text · u32 gone · i32 watch · u32 × 6 skipped, by kind
 *          u32 files · u32 directories · u32 hits · u32 0
 *          u32 details · u32 failed · u64 bytes of all files · u32 skipped in all
 *          u32 1 where a file has more than one link, else 0
 * matches  u32 for each entry, in path order: what the join with the stored lines says of it
 * details  48 bytes for each entry that is no hit; for each of them where all details were asked for:
 *            a file       u64 dev · u64 ino · u64 size · i64 mtime s · i64 ctime s · u32 mtime ns · u32 ctime ns
 *            a directory  u64 dev · u64 ino · u32 from · u32 to, its slice of the lines
 *                         u32 where its name is in the text · u32 which entry it is · 0
 *            failed       u32 errno · u32 d_type · 0
 * text     for each entry: its name, NUL
 * gone     u32 from · u32 to, for each range of stored lines whose files are not there
 * ```
 *
 * A directory counts as ending in a slash.
 */
const HEADER_BYTES = 96;

// Words of the header.
export const RECORD_BYTES = 0;
export const OUTCOME = 1;
export const ERRNO = 2;
const OPERATION = 3;
const ENTRIES = 4;
const TEXT_BYTES = 5;
const GONE = 6;
const WATCH = 7;
const SKIPPED = 8;
const FILES = 14;
const DIRECTORIES = 15;
const HITS = 16;
const DETAILS = 18;
const FAILURES = 19;
const FILE_BYTES = 20;
const SKIPPED_IN_ALL = 22;
const FLAGS = 23;

// Bits of the flags.
const HAS_LINKED_FILE = 1;

/** Words of a directory's detail: its slice of the stored lines, where its name is in the text, and which entry it is. */
const SLICE = 4;
const NAME = 6;
const ENTRY = 7;

/** The outcomes for a directory, in the order of the numbers in a reply. */
export const OUTCOMES = ['listed', 'moved', 'failed', 'too-large'] as const;
export type ScanOutcome = (typeof OUTCOMES)[number];
/** The call that failed, in the order of the numbers in a reply. */
export const OPERATIONS = ['', 'open', 'readdir', 'lstat'] as const;
export type ScanOperation = (typeof OPERATIONS)[number];
/** The kinds of entry that an engine skips, in the order of the counts in a reply. */
export const SKIPPED_BY_ENGINE = ['symlink', 'fifo', 'socket', 'device', 'unknown', 'reserved'] as const;

/** The file has no stored line. */
export const NEW = 0;
/** The file has a line, and this is the first field in which they differ. */
export const SIZE_CHANGED = 1;
export const MTIME_CHANGED = 2;
export const CTIME_CHANGED = 3;
export const INODE_CHANGED = 4;
/** The file's line is damaged or repeated, and vouches for nothing. */
export const BAD_LINE = 5;
export const DIRECTORY = 6;
/** The entry could not be statted: nobody knows what it is. */
export const FAILED = 7;
/** A rule leaves the entry out. No engine writes this: whoever asks the rules puts it over the match. */
export const LEFT_OUT = 8;
/** The same over a hit, which has no detail of its own. */
const HIT_LEFT_OUT = 9;
/** The least match that is a hit: the offset of the 64 hex digits of its object id in the stored lines. */
export const FIRST_HIT = 32;

/** Returns whether a match is that of a regular file. */
export function isFile(match: number): boolean {
  return match <= BAD_LINE || match >= FIRST_HIT;
}

/** Returns whether an engine called an entry a hit. */
function isHit(match: number): boolean {
  return match >= FIRST_HIT || match === HIT_LEFT_OUT;
}

/** A range of the stored lines, by the offsets of its first byte and of the one after its last. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/** Joins the entries of one directory with its slice of the stored lines; asked about each entry once, in path order. */
export interface Join {
  /** Returns the match of the file named `names[from..to)` whose detail begins at `details[detail]`. */
  file(names: Uint8Array, from: number, to: number, details: Int32Array, detail: number): number;
  /** Returns the slice of the lines that belongs to the directory named `names[from..to)`. */
  directory(names: Uint8Array, from: number, to: number): LineRange;
  /** Returns the lines of the slice whose files are not there, in order. Called last. */
  gone(): readonly LineRange[];
}

const NO_LINES: LineRange = { from: 0, to: 0 };
const NOTHING: readonly never[] = [];
const TWO_32 = 2 ** 32;
const MAX_BYTES_A_UNIT = 3;

/** One listed directory, by an engine that keeps names as strings. */
export interface Listed {
  /** Segments of tree paths. */
  readonly names: readonly string[];
  /** {@link NEW} for a file, {@link DIRECTORY} or {@link FAILED}, for each name. */
  readonly kinds: readonly number[];
  /** The details of the names, side by side. */
  readonly details: Int32Array;
  /** The indices of the names in path order; `undefined` where that is the order they have. */
  readonly order: readonly number[] | undefined;
  /** The number of entries of each kind that engines skip. */
  readonly skipped: readonly number[];
  /** Whether a file has more than one link. Default: false. */
  readonly hasLinkedFile?: boolean;
}

/** The directory that was listed, and how its record is to be written. */
export interface ListedIn {
  /** Without a join each file is {@link NEW}. */
  readonly join?: Join | undefined;
  /** Whether hits get a detail, too. Default: false. */
  readonly allDetails?: boolean | undefined;
}

/** Writes a reply, record by record. */
export class ReplyWriter {
  /** Memory for the details of the directory that is being listed. */
  readonly memory = new Details();
  #bytes = Buffer.from(new ArrayBuffer(32 * 1024));
  #words = new Int32Array(this.#bytes.buffer);
  #at = 0;
  /** The text of the record that is being written. */
  #text = Buffer.alloc(16 * 1024);

  /** Adds the record of a directory that was not listed. */
  addUnlisted(outcome: Exclude<ScanOutcome, 'listed'>, errno = 0, operation: ScanOperation = ''): void {
    const header = this.#begin(HEADER_BYTES);
    this.#words[header + OUTCOME] = OUTCOMES.indexOf(outcome);
    this.#words[header + ERRNO] = errno;
    this.#words[header + OPERATION] = OPERATIONS.indexOf(operation);
    this.#end(header, this.#at + HEADER_BYTES);
  }

  /** Adds the record of a directory that was listed. */
  addListed(listed: Listed, within: ListedIn = {}): void {
    const { length } = listed.names;
    const header = this.#begin(HEADER_BYTES + padded(length * 4) + length * DETAIL_BYTES);
    const { detailsEnd, textBytes } = this.#writeEntries(listed, within, header);
    const gone = within.join?.gone() ?? [];
    const goneFrom = detailsEnd + padded(textBytes);
    const end = goneFrom + gone.length * 8;
    this.#makeRoom(end);
    this.#bytes.set(this.#text.subarray(0, textBytes), detailsEnd);
    this.#bytes.fill(0, detailsEnd + textBytes, goneFrom);
    const words = this.#words;
    words[header + ENTRIES] = length;
    words[header + TEXT_BYTES] = textBytes;
    words[header + GONE] = gone.length;
    words.set(listed.skipped, header + SKIPPED);
    words[header + SKIPPED_IN_ALL] = listed.skipped.reduce((sum, count) => sum + count, 0);
    for (const [i, { from, to }] of gone.entries()) {
      words[(goneFrom >> 2) + i * 2] = from;
      words[(goneFrom >> 2) + i * 2 + 1] = to;
    }
    this.#end(header, end);
  }

  /** Returns the reply, in memory of its own size: it is kept as long as the tree is. */
  take(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer.slice(0, this.#at));
  }

  /** Writes matches, details and their counts, and collects the text. */
  #writeEntries(
    { names, kinds, details, order, hasLinkedFile = false }: Listed,
    { join, allDetails = false }: ListedIn,
    header: number,
  ): { readonly detailsEnd: number; readonly textBytes: number } {
    const words = this.#words;
    const matches = header + HEADER_BYTES / 4;
    let detail = matches + padded(names.length * 4) / 4;
    words.fill(0, matches + names.length, detail);
    let text = 0;
    const counts = { files: 0, directories: 0, hits: 0, failed: 0, low: 0, high: 0 };
    for (let i = 0; i < names.length; i++) {
      const index = order ? itemOf(order, i) : i;
      const nameEnd = this.#writeName(itemOf(names, index), text);
      for (let word = 0; word < DETAIL_WORDS; word++)
        words[detail + word] = itemOf(details, index * DETAIL_WORDS + word);
      let match = itemOf(kinds, index);
      if (match === NEW) {
        counts.files++;
        counts.low += itemOf(words, detail + STAT_LAYOUT.size + LOW) >>> 0;
        counts.high += itemOf(words, detail + STAT_LAYOUT.size + HIGH) >>> 0;
        if (join) match = join.file(this.#text, text, nameEnd, words, detail);
        if (match >= FIRST_HIT) counts.hits++;
      } else if (match === DIRECTORY) {
        counts.directories++;
        const slice = join ? join.directory(this.#text, text, nameEnd) : NO_LINES;
        words.fill(0, detail + SLICE, detail + DETAIL_WORDS);
        words[detail + SLICE] = slice.from;
        words[detail + SLICE + 1] = slice.to;
        words[detail + NAME] = text;
        words[detail + ENTRY] = i;
      } else {
        counts.failed++;
      }
      words[matches + i] = match;
      if (match < FIRST_HIT || allDetails) detail += DETAIL_WORDS;
      text = nameEnd + 1;
    }
    words[header + FILES] = counts.files;
    words[header + DIRECTORIES] = counts.directories;
    words[header + HITS] = counts.hits;
    words[header + FLAGS] = hasLinkedFile ? HAS_LINKED_FILE : 0;
    words[header + FAILURES] = counts.failed;
    words[header + DETAILS] = names.length - (allDetails ? 0 : counts.hits);
    words[header + FILE_BYTES + LOW] = counts.low % TWO_32;
    words[header + FILE_BYTES + HIGH] = counts.high + Math.floor(counts.low / TWO_32);
    return { detailsEnd: detail * 4, textBytes: text };
  }

  /** Writes a name and its NUL into the text, and returns where the NUL is. */
  #writeName(name: string, from: number): number {
    const room = from + name.length * MAX_BYTES_A_UNIT + 1;
    if (room > this.#text.length) {
      const larger = Buffer.alloc(room * 2);
      larger.set(this.#text.subarray(0, from));
      this.#text = larger;
    }
    const text = this.#text;
    let at = from;
    for (let unit = 0; unit < name.length; unit++) {
      const code = name.charCodeAt(unit);
      if (code >= 0x80) {
        const encoded = treePathToBytes(name);
        text.set(encoded, from);
        at = from + encoded.length;
        break;
      }
      text[at++] = code;
    }
    text[at] = 0;
    return at;
  }

  #begin(room: number): number {
    this.#makeRoom(this.#at + room);
    const header = this.#at >> 2;
    this.#words.fill(0, header, header + HEADER_BYTES / 4);
    return header;
  }

  #end(header: number, end: number): void {
    this.#words[header] = end - this.#at;
    this.#at = end;
  }

  #makeRoom(end: number): void {
    if (end <= this.#bytes.length) return;
    const larger = Buffer.from(new ArrayBuffer(padded(Math.max(end, this.#bytes.length * 2))));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#words = new Int32Array(larger.buffer);
  }
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Returns what a reply says of each directory. */
export function listingsIn(reply: Uint8Array): readonly Listing[] {
  const { buffer, byteOffset, length } = reply;
  const bytes = Buffer.from(buffer, byteOffset, length);
  const stats = new PackedStats(new Int32Array(buffer, byteOffset, length >> 2));
  const listings: Listing[] = [];
  const { words } = stats;
  for (let at = 0; at < length;) {
    const size = wordOf(words, (at >> 2) + RECORD_BYTES);
    if (size < HEADER_BYTES || size % 8 !== 0 || at + size > length)
      throw new RangeError(
        `Broken scan reply: the record at ${at} of ${length} is said to have ${size} bytes`,
      );
    listings.push(new Listing(bytes, stats, at));
    at += size;
  }
  return listings;
}

/** A directory in a listing. */
export interface Subdirectory {
  readonly name: string;
  readonly stat: Identity;
  /** Its slice of the stored lines. */
  readonly slice: LineRange;
}

const NOT_ASCII = /[\x80-\xff]/;

/** The record of one directory in a reply, read in place. Few are looked at but for their counts. */
export class Listing {
  /** All of the reply. */
  readonly bytes: Buffer;
  /** The same memory in words, in which details stand. */
  readonly words: Int32Array;
  readonly #stats: PackedStats;
  /** The word where the record begins. */
  readonly #header: number;
  #layout: Layout | undefined;
  #leftOutHits: number[] | undefined;

  /** `stats` is the same memory as `bytes`, all of the reply; the record begins at `at`. */
  constructor(bytes: Buffer, stats: PackedStats, at: number) {
    this.bytes = bytes;
    this.words = stats.words;
    this.#stats = stats;
    this.#header = at >> 2;
  }

  get outcome(): ScanOutcome {
    return itemOf(OUTCOMES, this.word(this.#header + OUTCOME));
  }

  /** The system's number for why the directory could not be listed; 0 where it could. */
  get errno(): number {
    return this.word(this.#header + ERRNO);
  }

  get operation(): ScanOperation {
    return itemOf(OPERATIONS, this.word(this.#header + OPERATION));
  }

  /** The number of entries: files, directories, and such as could not be statted. */
  get length(): number {
    return this.word(this.#header + ENTRIES);
  }

  /** The number of entries that could not be statted. */
  get failed(): number {
    return this.word(this.#header + FAILURES);
  }

  // Leaving an entry out takes it out of these counts, in the record itself.

  /** The number of files that are not left out. */
  get files(): number {
    return this.word(this.#header + FILES);
  }

  /** The sizes of the files that are not left out, in bytes; with those of {@link leftOutHits}. */
  get fileBytes(): number {
    return this.#stats.number(this.#header + FILE_BYTES);
  }

  /** True if all files are hits. */
  get hasOnlyHits(): boolean {
    return this.word(this.#header + HITS) === this.files;
  }

  /** True if it has hits and directories alone, and none of them is left out. */
  get hasLinesAlone(): boolean {
    return this.word(this.#header + HITS) + this.word(this.#header + DIRECTORIES) === this.length;
  }

  /** True if a file has more than one link, so that it may change through a directory that is not this one. */
  get hasLinkedFile(): boolean {
    return (this.word(this.#header + FLAGS) & HAS_LINKED_FILE) > 0;
  }

  /** The watch on the directory, where one was asked for; an error number negated where it cannot be watched; else 0. */
  get watch(): number {
    return this.word(this.#header + WATCH);
  }

  /** The number of directories that are not left out. */
  get directories(): number {
    return this.word(this.#header + DIRECTORIES);
  }

  /** The matches of hits that are left out and have no stat here. */
  get leftOutHits(): readonly number[] {
    return this.#leftOutHits ?? NOTHING;
  }

  /** True if hits have a stat here, too. */
  get hasAllDetails(): boolean {
    return this.word(this.#header + DETAILS) === this.length;
  }

  /** True if any entry was skipped. */
  get hasSkipped(): boolean {
    return this.word(this.#header + SKIPPED_IN_ALL) > 0;
  }

  /** Returns whether another record says the same to the byte; what was left out of either tells them apart, too. */
  isSameAs(other: Listing): boolean {
    return this.#record.equals(other.#record);
  }

  /** Returns the same record in memory of its own, so that the rest of its reply is not kept with it. */
  copy(): Listing {
    return itemOf(listingsIn(new Uint8Array(this.#record)), 0);
  }

  /** Returns how many entries of a kind were skipped, by its place in the list of kinds that engines skip. */
  skipped(kind: number): number {
    return this.word(this.#header + SKIPPED + kind);
  }

  /** True if there are stored lines below this directory whose files are not. */
  get hasGone(): boolean {
    return this.word(this.#header + GONE) > 0;
  }

  /** The stored lines below this directory whose files are not there. */
  get gone(): readonly LineRange[] {
    const count = this.word(this.#header + GONE);
    const first = this.#parts.gone;
    return Array.from({ length: count }, (_, i) => this.range(first + i * 2));
  }

  /** Returns what the join says of an entry, or that it is left out. */
  match(entry: number): number {
    return this.word(this.#matches + entry) >>> 0;
  }

  /** Leaves an entry out; `detail` is the word where its detail begins, if it has one. */
  leaveOut({ entry, detail }: { readonly entry: number; readonly detail: number }): void {
    const match = this.match(entry);
    const wasHit = match >= FIRST_HIT;
    if (match === DIRECTORY) this.#lower(DIRECTORIES);
    if (isFile(match)) {
      this.#lower(FILES);
      if (wasHit) this.#lower(HITS);
      if (wasHit && !this.hasAllDetails) (this.#leftOutHits ??= []).push(match);
      else this.#stats.writeNumber(this.#header + FILE_BYTES, this.fileBytes - this.size(detail));
    }
    this.#stats.words[this.#matches + entry] = wasHit ? HIT_LEFT_OUT : LEFT_OUT;
  }

  /** Returns false where the directory certainly holds nothing of this name but a directory. */
  mayHold(name: string): boolean {
    for (const cursor = this.entries(); cursor.entry < this.length; cursor.next()) {
      if (cursor.name === name) return cursor.match !== DIRECTORY;
    }
    const isReserved = RESERVED_NAMES.includes(name);
    return SKIPPED_BY_ENGINE.some((kind, i) => this.skipped(i) > 0 && (kind === 'reserved') === isReserved);
  }

  /** Returns which entries have some names, by name. Directories are none of them. */
  find(names: Iterable<string>): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    const cursor = this.entries().skipDirectories();
    const inOrder = Array.from(names, (name) => ({ name, bytes: treePathToBytes(name) }));
    inOrder.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    for (const { name, bytes } of inOrder) {
      let order = -1;
      while (cursor.entry < this.length && (order = cursor.compareName(bytes, 0, bytes.length)) < 0)
        cursor.next().skipDirectories();
      if (order === 0) found.set(name, cursor.entry);
    }
    return found;
  }

  /** Returns the directories in it that are not left out. It looks at no name of a file: a cursor takes four times as long. */
  subdirectories(): readonly Subdirectory[] {
    const { text, hasDirectoriesAlone } = this.#parts;
    const { length, hasAllDetails, words } = this;
    const found: Subdirectory[] = [];
    let { detail } = this.#parts;
    for (let entry = 0; entry < length; entry++) {
      if (hasDirectoriesAlone) {
        // Nothing but directories has a detail: the next one is where that says.
        const next = detail * 4 < text ? wordOf(words, detail + ENTRY) : length;
        if (next < entry) throw new RangeError(`Broken scan reply: entry ${next} after entry ${entry - 1}`);
        entry = next;
      }
      const match = entry < length ? this.match(entry) : FIRST_HIT;
      if (match === DIRECTORY) found.push(this.#subdirectory(detail));
      if (hasAllDetails || !isHit(match)) detail += DETAIL_WORDS;
    }
    return found;
  }

  #subdirectory(detail: number): Subdirectory {
    const { text, textEnd } = this.#parts;
    const { bytes } = this;
    const from = text + this.word(detail + NAME);
    const to = bytes.indexOf(0, from);
    if (from < text || to < 0 || to >= textEnd) throw new RangeError(`Broken scan reply: no name at ${from}`);
    const plain = bytes.toString('latin1', from, to);
    const name = NOT_ASCII.test(plain) ? treePathFromBytes(bytes.subarray(from, to)) : plain;
    return { name, stat: this.#stats.at(detail), slice: this.range(detail + SLICE) };
  }

  /** Returns a cursor at the first entry. */
  entries(): EntryCursor {
    return new EntryCursor(this, this.#parts);
  }

  /** Returns the name that begins at an offset in the bytes, which a cursor at it has as its `from`. */
  nameAt(from: number): string {
    const { bytes } = this;
    const to = this.nameEnd(from);
    for (let at = from; at < to; at++) {
      if (itemOf(bytes, at) >= 0x80) return treePathFromBytes(bytes.subarray(from, to));
    }
    return bytes.toString('latin1', from, to);
  }

  /** Returns the offset of the NUL after the name that begins at an offset in the bytes. */
  nameEnd(from: number): number {
    const to = this.bytes.indexOf(0, from);
    if (to < 0 || to >= this.#parts.textEnd) throw new RangeError(`Broken scan reply: no name at ${from}`);
    return to;
  }

  /** Returns the stat whose detail begins at a word, read in place. */
  stat(detail: number): StatView {
    return this.#stats.at(detail);
  }

  /** Returns the bytes of the file whose detail begins at a word. */
  size(detail: number): number {
    return this.#stats.number(detail + STAT_LAYOUT.size);
  }

  /** Returns two words as a range of the stored lines. */
  range(word: number): LineRange {
    return { from: this.word(word) >>> 0, to: this.word(word + 1) >>> 0 };
  }

  /** Returns a word of the reply. */
  word(word: number): number {
    return wordOf(this.words, word);
  }

  get #record(): Buffer {
    const from = this.#header * 4;
    return this.bytes.subarray(from, from + this.word(this.#header + RECORD_BYTES));
  }

  get #matches(): number {
    return this.#header + HEADER_BYTES / 4;
  }

  #lower(count: number): void {
    this.#stats.words[this.#header + count] = this.word(this.#header + count) - 1;
  }

  /** Where its parts lie, once they were checked. */
  get #parts(): Layout {
    return (this.#layout ??= this.#layOut());
  }

  /** Before anything is left out: from then on the counts are others. */
  #layOut(): Layout {
    const header = this.#header;
    const length = this.word(header + ENTRIES);
    const details = this.word(header + DETAILS);
    const textBytes = this.word(header + TEXT_BYTES);
    const gone = this.word(header + GONE);
    const directories = this.word(header + DIRECTORIES);
    const counted = this.files + directories + this.failed;
    const detail = this.#matches + padded(length * 4) / 4;
    const text = detail * 4 + details * DETAIL_BYTES;
    const goneFrom = text + padded(textBytes);
    const least = Math.min(length, details, textBytes, gone, directories, this.files, this.failed);
    const end = header * 4 + this.word(header + RECORD_BYTES);
    if (least < 0 || details > length || counted !== length || goneFrom + gone * 8 !== end)
      throw new RangeError(`Broken scan reply: the parts of the record at ${header * 4} do not add up`);
    const hasDirectoriesAlone = details === directories;
    return { detail, text, textEnd: text + textBytes, gone: goneFrom >> 2, hasDirectoriesAlone };
  }
}

/** Where the parts of a record lie. */
interface Layout {
  /** The word of the first detail. */
  readonly detail: number;
  /** The bytes where the text begins and ends. */
  readonly text: number;
  readonly textEnd: number;
  /** The word of the first range of gone lines. */
  readonly gone: number;
  /** True if nothing but directories has a detail. */
  readonly hasDirectoriesAlone: boolean;
}

/** Goes through the entries of a listing, in which where the next one stands is only told by the one before. */
export class EntryCursor {
  entry = 0;
  /** Where the name of the entry begins. */
  from: number;
  /** The word where its detail begins, if it has one. */
  detail: number;
  readonly #listing: Listing;
  readonly #layout: Layout;
  /** Where its name ends, once that was looked for. */
  #to = -1;
  #plain = true;

  constructor(listing: Listing, layout: Layout) {
    this.#listing = listing;
    this.#layout = layout;
    this.from = layout.text;
    this.detail = layout.detail;
  }

  /** Moves to the next entry, and returns this cursor. */
  next(): this {
    const end = this.to + 1;
    if (this.hasDetail) this.detail += DETAIL_WORDS;
    this.#moveTo(this.entry + 1, end);
    return this;
  }

  /** What the join says of the entry, or that it is left out. */
  get match(): number {
    return this.#listing.match(this.entry);
  }

  /** Where its name ends. */
  get to(): number {
    this.#measure();
    return this.#to;
  }

  /** The name, as a segment of a tree path. */
  get name(): string {
    const { from, to } = this;
    const { bytes } = this.#listing;
    return this.#plain ? bytes.toString('latin1', from, to) : treePathFromBytes(bytes.subarray(from, to));
  }

  get hasDetail(): boolean {
    return this.#listing.hasAllDetails || !isHit(this.match);
  }

  /** Moves on to the first entry from here on that is no directory, and returns this cursor. Such entries are in the order of their names. */
  skipDirectories(): this {
    while (this.entry < this.#listing.length && this.match === DIRECTORY) this.next();
    return this;
  }

  /** Compares its name with one that lies in some bytes: negative if this one is before. */
  compareName(bytes: Uint8Array, from: number, to: number): number {
    const { from: start, to: end } = this;
    const own = this.#listing.bytes;
    const length = Math.min(end - start, to - from);
    for (let i = 0; i < length; i++) {
      const difference = byteOf(own, start + i) - byteOf(bytes, from + i);
      if (difference !== 0) return difference;
    }
    return end - start - (to - from);
  }

  /** Compares the names of two entries: negative if this one is before. */
  compare(other: EntryCursor): number {
    return this.compareName(other.#listing.bytes, other.from, other.to);
  }

  /** Returns whether the join says the same of two files, and their stats are the same to the byte. */
  isSameFile(other: EntryCursor): boolean {
    if (this.match !== other.match || !this.hasDetail || !other.hasDetail) return false;
    const [own, others] = [this.#listing.words, other.#listing.words];
    for (let i = 0; i < DETAIL_WORDS; i++)
      if (wordOf(own, this.detail + i) !== wordOf(others, other.detail + i)) return false;
    return true;
  }

  /** The stat of a file or directory, read in place. */
  get stat(): StatView {
    return this.#listing.stat(this.#detail);
  }

  /** The bytes of a file, as its stat has them. */
  get size(): number {
    return this.#listing.size(this.#detail);
  }

  /** The slice of the stored lines that belongs to a directory. */
  get slice(): LineRange {
    return this.#listing.range(this.#detail + SLICE);
  }

  /** Why an entry could not be statted, and the type that the listing gave it. */
  get failure(): { readonly errno: number; readonly type: number } {
    const listing = this.#listing;
    return { errno: listing.word(this.#detail), type: listing.word(this.#detail + 1) };
  }

  get #detail(): number {
    if (!this.hasDetail) throw new RangeError(`Broken scan reply: no stat was asked for of ${this.name}`);
    return this.detail;
  }

  #moveTo(entry: number, from: number): void {
    if (entry < this.entry || from < this.from || from > this.#layout.textEnd)
      throw new RangeError(`Broken scan reply: the name of entry ${entry} is said to begin at ${from}`);
    this.entry = entry;
    this.from = from;
    this.#to = -1;
  }

  /** Finds the end of the name. */
  #measure(): void {
    if (this.#to >= 0) return;
    const { from } = this;
    const { bytes } = this.#listing;
    const end = this.#layout.textEnd;
    let at = from;
    let all = 0;
    for (let byte = bytes[at]; at < end && byte !== undefined && byte !== 0; byte = bytes[++at]) all |= byte;
    if (at >= end) throw new RangeError(`Broken scan reply: the name at ${from} has no end`);
    this.#to = at;
    this.#plain = all < 0x80;
  }
}

/**
 * A detail: what a reply says of one entry, as 48 bytes. Of a file it is a packed stat: u64 device, inode and size, i64
 * seconds of mtime and ctime, u32 nanoseconds of both. Nanoseconds since 1970 in 64 bits would end in the year 2262.
 */
export const DETAIL_WORDS = 12;
export const DETAIL_BYTES = DETAIL_WORDS * 4;

/** The words at which the fields of a packed stat begin. */
export const STAT_LAYOUT = { dev: 0, ino: 2, size: 4, mtime: 6, ctime: 8, mtimeNs: 10, ctimeNs: 11 } as const;

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Which of the two words of a number is the lower one, and which is the higher. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
export const HIGH = LITTLE_ENDIAN ? 1 : 0;

const SECOND = 1_000_000_000n;
const FIRST_DETAILS = 64;

/** Memory that holds packed stats, each from some word on. */
export class PackedStats {
  readonly words: Int32Array;
  /** The same memory in units of eight bytes. */
  readonly #longs: BigInt64Array;
  readonly #unsigned: BigUint64Array;

  /** The memory must begin on a multiple of eight bytes. */
  constructor(words: Int32Array) {
    this.words = words;
    this.#longs = new BigInt64Array(words.buffer, words.byteOffset, words.length >> 1);
    this.#unsigned = new BigUint64Array(words.buffer, words.byteOffset, words.length >> 1);
  }

  /** Returns the stat from a word on, read in place. */
  at(word: number): StatView {
    return new StatView(this, word);
  }

  write(stat: WalkedStat, word: number): void {
    const longs = this.#longs;
    longs[(word + STAT_LAYOUT.dev) >> 1] = stat.dev;
    longs[(word + STAT_LAYOUT.ino) >> 1] = stat.ino;
    longs[(word + STAT_LAYOUT.size) >> 1] = stat.size;
    this.#writeTime(stat.mtimeNs, word + STAT_LAYOUT.mtime, word + STAT_LAYOUT.mtimeNs);
    this.#writeTime(stat.ctimeNs, word + STAT_LAYOUT.ctime, word + STAT_LAYOUT.ctimeNs);
  }

  long(word: number): bigint {
    return itemOf(this.#longs, word >> 1);
  }

  unsigned(word: number): bigint {
    return itemOf(this.#unsigned, word >> 1);
  }

  /** Returns the unsigned number of 64 bits from a word on, rounded beyond 2^53. */
  number(word: number): number {
    return (wordOf(this.words, word + HIGH) >>> 0) * TWO_32 + (wordOf(this.words, word + LOW) >>> 0);
  }

  writeNumber(word: number, number: number): void {
    this.words[word + HIGH] = Math.floor(number / TWO_32);
    this.words[word + LOW] = number % TWO_32;
  }

  /** Writes a time as whole seconds and the nanoseconds counted up from them, also before 1970. */
  #writeTime(ns: bigint, seconds: number, rest: number): void {
    let whole = ns / SECOND;
    let nanoseconds = Number(ns - whole * SECOND);
    if (nanoseconds < 0) {
      whole--;
      nanoseconds += Number(SECOND);
    }
    this.#longs[seconds >> 1] = whole;
    this.words[rest] = nanoseconds;
  }
}

/** A packed stat, read in place each time it is asked for. */
export class StatView implements WalkedStat {
  readonly #stats: PackedStats;
  readonly #word: number;

  constructor(stats: PackedStats, word: number) {
    this.#stats = stats;
    this.#word = word;
  }

  get dev(): bigint {
    return this.#stats.unsigned(this.#word + STAT_LAYOUT.dev);
  }
  get ino(): bigint {
    return this.#stats.unsigned(this.#word + STAT_LAYOUT.ino);
  }
  get size(): bigint {
    return this.#long(STAT_LAYOUT.size);
  }
  get mtimeNs(): bigint {
    return this.#time(STAT_LAYOUT.mtime, STAT_LAYOUT.mtimeNs);
  }
  get ctimeNs(): bigint {
    return this.#time(STAT_LAYOUT.ctime, STAT_LAYOUT.ctimeNs);
  }

  /** Returns the stat as a value of its own. */
  copy(): WalkedStat {
    const { dev, ino, size, mtimeNs, ctimeNs } = this;
    return { dev, ino, size, mtimeNs, ctimeNs };
  }

  #time(seconds: number, rest: number): bigint {
    return this.#long(seconds) * SECOND + BigInt(itemOf(this.#stats.words, this.#word + rest));
  }

  #long(word: number): bigint {
    return this.#stats.long(this.#word + word);
  }
}

/** The details of some entries, side by side. */
export class Details {
  #stats = new PackedStats(new Int32Array(FIRST_DETAILS * DETAIL_WORDS));
  #count = 0;

  get words(): Int32Array {
    return this.#stats.words;
  }

  /** Adds the packed stat of an entry. */
  add(stat: WalkedStat): void {
    const word = this.#next();
    this.#stats.write(stat, word);
  }

  /** Adds the packed stat that a record of the system's comes to. */
  addRecord(record: { copyTo(words: Int32Array, word: number): void }): void {
    const word = this.#next();
    record.copyTo(this.words, word);
  }

  /** Adds an entry that could not be statted: why, and the type that its directory gave it. */
  addFailure(errno: number, type: number): void {
    const word = this.#next();
    this.words.fill(0, word, word + DETAIL_WORDS);
    this.words[word] = errno;
    this.words[word + 1] = type;
  }

  /** Takes back all details but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** Returns the word where the next detail begins. */
  #next(): number {
    const word = this.#count++ * DETAIL_WORDS;
    if (word === this.words.length) {
      const larger = new Int32Array(word * 2);
      larger.set(this.words);
      this.#stats = new PackedStats(larger);
    }
    return word;
  }
}

/** Returns a word that must be there. Not {@link itemOf}: V8 has one place in it for every kind of memory, and then none is quick. */
function wordOf(words: Int32Array, at: number): number {
  const word = words[at];
  if (word === undefined) throw new RangeError(`Broken scan reply: no word ${at} of ${words.length}`);
  return word;
}

/** The same for a byte. */
function byteOf(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(`Broken scan reply: no byte ${at} of ${bytes.length}`);
  return byte;
}

/** Returns an item that must be there. Throws where it is not, for no default can stand for it. */
export function itemOf<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`Broken invariant: no item ${index} of ${items.length}`);
  return item;
}
