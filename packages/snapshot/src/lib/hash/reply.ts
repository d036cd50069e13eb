import { isSameStat, type FileRead } from '@muse/stat-cache';
import { DETAIL_WORDS, HIGH, LOW, PackedStats, STAT_LAYOUT } from '@muse/walker/scan';

/**
 * The reply to a hash: a row of 144 bytes for each file, in this machine's byte order.
 *
 * ```
 * 32 bytes digest · 48 stat before the read · 48 stat after it · u64 bytes read · u32 outcome · u32 errno
 * ```
 *
 * Every engine writes it. The reader decides whether a file is torn, and what may be trusted.
 */
const DIGEST_BYTES = 32;
const BEFORE = DIGEST_BYTES / 4;
const AFTER = BEFORE + DETAIL_WORDS;
const BYTES = AFTER + DETAIL_WORDS;
const OUTCOME = BYTES + 2;
const ERRNO = OUTCOME + 1;
/** The words of a row. */
export const ROW_WORDS = ERRNO + 1;

/** The outcomes for a file, in the order of their numbers in a reply. */
const OUTCOMES = [
  'hashed',
  /** Its name now has another inode, or its directory is not the one that was listed. */
  'moved',
  /** Its name is now that of something other than a regular file. */
  'special',
  'open',
  'fstat',
  'read',
] as const;
type Outcome = (typeof OUTCOMES)[number];
/** The calls that can fail. */
export type HashOperation = Extract<Outcome, 'open' | 'fstat' | 'read'>;

const TWO_32 = 2 ** 32;
const SECOND = 1_000_000_000;

/** Writes the rows of a reply. */
export class HashReplyWriter {
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  readonly #stats: PackedStats;
  #row = 0;

  /** @param files - how many rows there will be. */
  constructor(files: number) {
    this.#bytes = Buffer.from(new ArrayBuffer(files * ROW_WORDS * 4));
    this.#words = new Int32Array(this.#bytes.buffer);
    this.#stats = new PackedStats(this.#words);
  }

  /** Adds a file that was read. Without a digest it changed meanwhile, and the stats differ. */
  addRead({ digest, before, after, bytes }: FileRead): void {
    const row = this.#row;
    if (digest !== undefined) this.#bytes.write(digest, row * 4, DIGEST_BYTES, 'hex');
    this.#stats.write(before, row + BEFORE);
    if (isSameStat(before, after)) {
      this.#words.copyWithin(row + AFTER, row + BEFORE, row + AFTER);
    } else {
      this.#stats.write(after, row + AFTER);
    }
    this.#words[row + BYTES + LOW] = bytes % TWO_32;
    this.#words[row + BYTES + HIGH] = Math.floor(bytes / TWO_32);
    this.#row += ROW_WORDS;
  }

  /** Adds a file that was not read. */
  addFailed(outcome: Exclude<Outcome, 'hashed'>, errno = 0): void {
    this.#words[this.#row + OUTCOME] = OUTCOMES.indexOf(outcome);
    this.#words[this.#row + ERRNO] = errno;
    this.#row += ROW_WORDS;
  }

  /** Returns the reply, and ends the writer. Throws if rows are missing. */
  take(): Int32Array<ArrayBuffer> {
    if (this.#row !== this.#words.length) {
      throw new Error(
        `Broken hash reply: ${this.#row / ROW_WORDS} rows of ${this.#words.length / ROW_WORDS}`,
      );
    }
    return this.#words as Int32Array<ArrayBuffer>;
  }
}

/** The verdict on a file. */
export type Verdict =
  /** It was read, and its stat was the same before and after. */
  | 'hashed'
  /** The stat before the read is not the one after it. */
  | 'changed'
  /** Its name now leads to another file, or to none. */
  | 'moved'
  | HashOperation;

/** Reads the rows of a reply, each in place: the current one is where the reader was moved to. */
export class HashReplyReader {
  readonly words: Int32Array;
  /** The word at which the current row begins. */
  #row = 0;

  constructor(reply: Int32Array) {
    this.words = reply;
  }

  /** Moves to the row of a file, by its place in the batch. */
  moveTo(file: number): void {
    this.#row = file * ROW_WORDS;
  }

  get verdict(): Verdict {
    const outcome = OUTCOMES[this.#word(OUTCOME)];
    if (outcome === undefined) throw new RangeError('Broken hash reply: an unknown outcome');
    if (outcome === 'hashed') return this.#isUnchanged ? 'hashed' : 'changed';
    return outcome === 'special' ? 'moved' : outcome;
  }

  get errno(): number {
    return this.#word(ERRNO);
  }

  /** The word at which its digest begins. */
  get digest(): number {
    return this.#row;
  }

  /** The word at which the stat that it was read under begins. */
  get stat(): number {
    return this.#row + BEFORE;
  }

  /** Its bytes that were read. */
  get bytes(): number {
    return (this.#word(BYTES + HIGH) >>> 0) * TWO_32 + (this.#word(BYTES + LOW) >>> 0);
  }

  /** True if it has as many bytes as were read: the size of a file in procfs lies. */
  get isSizeTrue(): boolean {
    const size = BEFORE + STAT_LAYOUT.size;
    return this.#word(BYTES) === this.#word(size) && this.#word(BYTES + 1) === this.#word(size + 1);
  }

  /** Its ctime, in seconds since the Unix epoch: a double, too coarse for trust. */
  get ctimeSeconds(): number {
    const { ctime, ctimeNs } = STAT_LAYOUT;
    const seconds = this.#word(BEFORE + ctime + HIGH) * TWO_32 + (this.#word(BEFORE + ctime + LOW) >>> 0);
    return seconds + this.#word(BEFORE + ctimeNs) / SECOND;
  }

  get #isUnchanged(): boolean {
    for (let word = 0; word < DETAIL_WORDS; word++) {
      if (this.#word(BEFORE + word) !== this.#word(AFTER + word)) return false;
    }
    return true;
  }

  #word(word: number): number {
    return wordAt(this.words, this.#row + word);
  }
}

/** The same number on all processors that there is a native engine for. */
const EFBIG = 27;

/** Returns the rows, among the first `count`, of files that have more bytes than the engine reads; no read of the system says so. */
export function rowsOfTooLarge(reply: Int32Array, count: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row++) {
    const at = row * ROW_WORDS;
    const isTooLarge =
      wordAt(reply, at + OUTCOME) === OUTCOMES.indexOf('read') && wordAt(reply, at + ERRNO) === EFBIG;
    if (isTooLarge) rows.push(row);
  }
  return rows;
}

function wordAt(reply: Int32Array, word: number): number {
  const value = reply[word];
  if (value === undefined) throw new RangeError(`Broken hash reply: no word ${word} of ${reply.length}`);
  return value;
}
