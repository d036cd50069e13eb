import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import { RESERVED_NAMES, type WalkedStat } from '../types.js';

/**
 * The reply to a scan: a record for each directory, in this machine's byte order, each on a multiple of eight bytes.
 * Every engine writes it, and all that is above the engines reads it through {@link Listing}.
 *
 * ```
 * header   u32 bytes of the record · u32 outcome · u32 errno · u32 operation
 *          u32 entries · u32 bytes of the names · u32 gone · i32 watch
 *          u32 × 6 skipped, by kind
 * names    each ended by NUL, in path order: a directory counts as ending in a slash
 * matches  u32 for each entry: what the join with the stored lines says of it
 * details  48 bytes for each entry:
 *            a file       u64 dev · u64 ino · u64 size · i64 mtime s · i64 ctime s · u32 mtime ns · u32 ctime ns
 *            a directory  u64 dev · u64 ino · u32 from · u32 to, its slice of the lines · 0
 *            failed       u32 errno · u32 d_type · 0
 * gone     u32 from · u32 to, for each range of stored lines whose files are not there
 * ```
 */
const HEADER_BYTES = 56;

// Words of the header.
export const RECORD_BYTES = 0;
export const OUTCOME = 1;
export const ERRNO = 2;
const OPERATION = 3;
const ENTRIES = 4;
const NAME_BYTES = 5;
const GONE = 6;
const SKIPPED = 8;

/** The word of a directory's detail at which its slice of the stored lines begins. */
const SLICE = 4;

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
/** The least match that is a hit: the offset of the 64 hex digits of its object id in the stored lines. */
export const FIRST_HIT = 32;

/** Returns whether a match is that of a regular file. */
export function isFile(match: number): boolean {
  return match <= BAD_LINE || match >= FIRST_HIT;
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
}

/** Writes a reply, record by record. */
export class ReplyWriter {
  /** Memory for the details of the directory that is being listed. */
  readonly memory = new Details();
  #bytes = Buffer.from(new ArrayBuffer(32 * 1024));
  #words = new Int32Array(this.#bytes.buffer);
  #at = 0;

  /** Adds the record of a directory that was not listed. */
  addUnlisted(outcome: Exclude<ScanOutcome, 'listed'>, errno = 0, operation: ScanOperation = ''): void {
    const header = this.#begin(HEADER_BYTES);
    this.#words[header + OUTCOME] = OUTCOMES.indexOf(outcome);
    this.#words[header + ERRNO] = errno;
    this.#words[header + OPERATION] = OPERATIONS.indexOf(operation);
    this.#end(header, this.#at + HEADER_BYTES);
  }

  /** Adds the record of a directory that was listed. Without a join each file is {@link NEW}. */
  addListed(listed: Listed, join?: Join): void {
    const { names, skipped } = listed;
    let room = HEADER_BYTES + names.length * (1 + 4 + DETAIL_BYTES) + 16;
    for (const name of names) room += name.length * MAX_BYTES_A_UNIT;
    const header = this.#begin(room);
    const start = this.#at + HEADER_BYTES;
    const namesEnd = this.#writeNames(listed, start);
    let end = this.#writeEntries(listed, start, padded(namesEnd), join);
    const gone = join?.gone() ?? [];
    this.#makeRoom(end + gone.length * 8);
    this.#words[header + ENTRIES] = names.length;
    this.#words[header + NAME_BYTES] = namesEnd - start;
    this.#words[header + GONE] = gone.length;
    this.#words.set(skipped, header + SKIPPED);
    for (const { from, to } of gone) {
      this.#words[end >> 2] = from;
      this.#words[(end >> 2) + 1] = to;
      end += 8;
    }
    this.#end(header, end);
  }

  /** Returns the reply, in memory of its own size: it is kept as long as the tree is. */
  take(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer.slice(0, this.#at));
  }

  /** Returns where the names end. */
  #writeNames({ names, order }: Listed, start: number): number {
    const bytes = this.#bytes;
    let at = start;
    for (let i = 0; i < names.length; i++) {
      const name = itemOf(names, order ? itemOf(order, i) : i);
      const from = at;
      for (let unit = 0; unit < name.length; unit++) {
        const code = name.charCodeAt(unit);
        if (code >= 0x80) {
          const encoded = treePathToBytes(name);
          bytes.set(encoded, from);
          at = from + encoded.length;
          break;
        }
        bytes[at++] = code;
      }
      bytes[at++] = 0;
    }
    bytes.fill(0, at, padded(at));
    return at;
  }

  /** Writes matches and details, and returns where they end. */
  #writeEntries(
    { names, kinds, details, order }: Listed,
    namesStart: number,
    start: number,
    join: Join | undefined,
  ): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const matches = start >> 2;
    let to = (start + padded(names.length * 4)) >> 2;
    words[to - 1] = 0;
    let name = namesStart;
    for (let i = 0; i < names.length; i++) {
      const index = order ? itemOf(order, i) : i;
      let nameEnd = name;
      while (bytes[nameEnd] !== 0) nameEnd++;
      const from = index * DETAIL_WORDS;
      for (let word = 0; word < DETAIL_WORDS; word++) words[to + word] = itemOf(details, from + word);
      let match = itemOf(kinds, index);
      if (match === NEW) {
        if (join) match = join.file(bytes, name, nameEnd, words, to);
      } else if (match === DIRECTORY) {
        const slice = join ? join.directory(bytes, name, nameEnd) : NO_LINES;
        words.fill(0, to + SLICE, to + DETAIL_WORDS);
        words[to + SLICE] = slice.from;
        words[to + SLICE + 1] = slice.to;
      }
      words[matches + i] = match;
      to += DETAIL_WORDS;
      name = nameEnd + 1;
    }
    return to << 2;
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

/** Yields what a reply says of each directory. */
export function* listingsIn(reply: Uint8Array): Generator<Listing> {
  const { buffer, byteOffset, length } = reply;
  const bytes = Buffer.from(buffer, byteOffset, length);
  const stats = new PackedStats(new Int32Array(buffer, byteOffset, length >> 2));
  for (let at = 0; at < length;) {
    const listing = new Listing(bytes, stats, at);
    yield listing;
    at += listing.bytesOfRecord;
  }
}

/** The record of one directory in a reply, read in place. */
export class Listing {
  /** The number of entries: files, directories, and such as could not be statted. */
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #stats: PackedStats;
  /** The words where the record, its matches and its details begin. */
  readonly #header: number;
  readonly #matches: number;
  readonly #details: number;

  /** `stats` is the same memory as `bytes`, all of the reply; the record begins at `at`. */
  constructor(bytes: Buffer, stats: PackedStats, at: number) {
    this.#bytes = bytes;
    this.#stats = stats;
    this.#header = at >> 2;
    this.length = this.#word(this.#header + ENTRIES);
    this.#matches = padded(at + HEADER_BYTES + this.#nameBytes) >> 2;
    this.#details = this.#matches + ((this.length + 1) & ~1);
    const gone = this.#word(this.#header + GONE);
    const end = this.#gone * 4 + gone * 8;
    if (
      Math.min(this.length, this.#nameBytes, gone) < 0 ||
      at + this.bytesOfRecord !== end ||
      end > bytes.length
    ) {
      throw new RangeError(`Broken scan reply: the record at ${at} ends at ${end} of ${bytes.length}`);
    }
  }

  get bytesOfRecord(): number {
    return this.#word(this.#header);
  }

  get outcome(): ScanOutcome {
    return itemOf(OUTCOMES, this.#word(this.#header + OUTCOME));
  }

  /** The system's number for why the directory could not be listed; 0 where it could. */
  get errno(): number {
    return this.#word(this.#header + ERRNO);
  }

  get operation(): ScanOperation {
    return itemOf(OPERATIONS, this.#word(this.#header + OPERATION));
  }

  /** Returns how many entries of a kind were skipped, by its place in the list of kinds that engines skip. */
  skipped(kind: number): number {
    return this.#word(this.#header + SKIPPED + kind);
  }

  /** Returns whether all entries are files, so that nobody needs their names to go on. */
  get hasOnlyFiles(): boolean {
    for (let entry = 0; entry < this.length; entry++) if (!isFile(this.match(entry))) return false;
    return true;
  }

  /** The stored lines below this directory whose files are not there. */
  get gone(): readonly LineRange[] {
    const count = this.#word(this.#header + GONE);
    return Array.from({ length: count }, (_, i) => this.#range(this.#gone + i * 2));
  }

  /** Returns what the join says of an entry, or {@link LEFT_OUT}. */
  match(entry: number): number {
    return this.#word(this.#matches + entry) >>> 0;
  }

  /** Puts {@link LEFT_OUT} over the match of an entry. */
  leaveOut(entry: number): void {
    this.#stats.words[this.#matches + entry] = LEFT_OUT;
  }

  /** Returns false where the directory certainly holds nothing of this name but a directory. */
  mayHold(name: string): boolean {
    for (let entry = 0, names = this.names; entry < this.length; entry++, names.next()) {
      if (names.text === name) return this.match(entry) !== DIRECTORY;
    }
    const isReserved = RESERVED_NAMES.includes(name);
    return SKIPPED_BY_ENGINE.some((kind, i) => this.skipped(i) > 0 && (kind === 'reserved') === isReserved);
  }

  /** Puts {@link BAD_LINE} over the match of a file: something newer is known of it than its line. */
  doubt(entry: number): void {
    this.#stats.words[this.#matches + entry] = BAD_LINE;
  }

  /** A cursor at the name of the first entry. */
  get names(): NameCursor {
    return this.#namesFrom(this.#header * 4 + HEADER_BYTES);
  }

  /** Returns the name that begins at an offset, which a cursor at it has as its `from`. */
  nameAt(from: number): string {
    return this.#namesFrom(from).text;
  }

  /** Returns the stat of a file or directory, read in place. */
  stat(entry: number): StatView {
    return this.#stats.at(this.#details + entry * DETAIL_WORDS);
  }

  /** Returns the bytes of a file, as its stat has them. */
  size(entry: number): number {
    const word = this.#details + entry * DETAIL_WORDS + STAT_LAYOUT.size;
    return (this.#word(word + HIGH) >>> 0) * TWO_32 + (this.#word(word + LOW) >>> 0);
  }

  /** Returns the slice of the stored lines that belongs to a directory. */
  slice(entry: number): LineRange {
    return this.#range(this.#details + entry * DETAIL_WORDS + SLICE);
  }

  /** Returns why an entry could not be statted, and the type that the listing gave it. */
  failure(entry: number): { readonly errno: number; readonly type: number } {
    const word = this.#details + entry * DETAIL_WORDS;
    return { errno: this.#word(word), type: this.#word(word + 1) };
  }

  get #nameBytes(): number {
    return this.#word(this.#header + NAME_BYTES);
  }

  #namesFrom(from: number): NameCursor {
    return new NameCursor(this.#bytes, from, this.#header * 4 + HEADER_BYTES + this.#nameBytes);
  }

  /** The word after the last detail. */
  get #gone(): number {
    return this.#details + this.length * DETAIL_WORDS;
  }

  #range(word: number): LineRange {
    return { from: this.#word(word) >>> 0, to: this.#word(word + 1) >>> 0 };
  }

  #word(word: number): number {
    return itemOf(this.#stats.words, word);
  }
}

/** Goes through the names of a listing, in which the next one is only found by reading the one before. */
export class NameCursor {
  readonly bytes: Buffer;
  /** The entry that has the name. */
  entry = 0;
  /** The offsets of the name and of the NUL after it. */
  from: number;
  to: number;
  /** The offset at which the names end. */
  readonly #end: number;
  #plain = true;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.from = at;
    this.to = at;
    this.#end = end;
    this.#measure();
  }

  /** Moves to the next name, and returns this cursor. */
  next(): this {
    this.entry++;
    this.from = this.to + 1;
    this.#measure();
    return this;
  }

  /** The name, as a segment of a tree path. */
  get text(): string {
    if (this.from >= this.#end) throw new RangeError(`Broken scan reply: no name at ${this.from}`);
    return this.#plain
      ? this.bytes.toString('latin1', this.from, this.to)
      : treePathFromBytes(this.bytes.subarray(this.from, this.to));
  }

  /** Past the last name there is none to measure. */
  #measure(): void {
    const { bytes } = this;
    const end = this.#end;
    let at = this.from;
    let all = 0;
    for (let byte = bytes[at]; at < end && byte !== undefined && byte !== 0; byte = bytes[++at]) all |= byte;
    if (at === end && at > this.from)
      throw new RangeError(`Broken scan reply: the name at ${this.from} has no end`);
    this.to = at;
    this.#plain = all < 0x80;
  }
}

/**
 * A detail: what a reply says of one entry, as 48 bytes. Of a file it is a packed stat: u64 device, inode and size, i64
 * seconds of mtime and ctime, u32 nanoseconds of both. Nanoseconds since 1970 in 64 bits would end in the year 2262.
 */
export const DETAIL_WORDS = 12;
export const DETAIL_BYTES = DETAIL_WORDS * 4;

/** The words at which the fields of a packed stat begin, after its device. */
export const STAT_LAYOUT = { ino: 2, size: 4, mtime: 6, ctime: 8, mtimeNs: 10, ctimeNs: 11 } as const;

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

  /** The memory must begin on a multiple of eight bytes. */
  constructor(words: Int32Array) {
    this.words = words;
    this.#longs = new BigInt64Array(words.buffer, words.byteOffset, words.length >> 1);
  }

  /** Returns the stat from a word on, read in place. */
  at(word: number): StatView {
    return new StatView(this, word);
  }

  write(stat: WalkedStat, word: number): void {
    const longs = this.#longs;
    longs[word >> 1] = stat.dev;
    longs[(word + STAT_LAYOUT.ino) >> 1] = stat.ino;
    longs[(word + STAT_LAYOUT.size) >> 1] = stat.size;
    this.#writeTime(stat.mtimeNs, word + STAT_LAYOUT.mtime, word + STAT_LAYOUT.mtimeNs);
    this.#writeTime(stat.ctimeNs, word + STAT_LAYOUT.ctime, word + STAT_LAYOUT.ctimeNs);
  }

  long(word: number): bigint {
    return itemOf(this.#longs, word >> 1);
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
    return BigInt.asUintN(64, this.#long(0));
  }
  get ino(): bigint {
    return BigInt.asUintN(64, this.#long(STAT_LAYOUT.ino));
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

/** Returns an item that must be there. Throws where it is not, for no default can stand for it. */
export function itemOf<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`Broken invariant: no item ${index} of ${items.length}`);
  return item;
}
