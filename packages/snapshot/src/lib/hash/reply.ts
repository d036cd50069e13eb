import { isSameStat, type FileRead, type FileStat, type ObjectId } from '@muse/stat-cache';
import { DETAIL_WORDS, PackedStats } from '@muse/walker/scan';

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
    this.#words[row + BYTES] = bytes % TWO_32;
    this.#words[row + BYTES + 1] = Math.floor(bytes / TWO_32);
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

/** The row of one file. */
export type FileResult =
  | {
      readonly outcome: 'hashed';
      readonly objectId: ObjectId;
      readonly stat: FileStat;
      readonly bytes: number;
    }
  /** The stat before the read is not the one after it. */
  | { readonly outcome: 'changed' }
  /** Its name now leads to another file, or to none. */
  | { readonly outcome: 'moved' }
  | { readonly outcome: HashOperation; readonly errno: number };

/** Yields the row of each file, in the order of the batch. */
export function* resultsIn(reply: Int32Array): Generator<FileResult, void> {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
  const stats = new PackedStats(reply);
  for (let row = 0; row < reply.length; row += ROW_WORDS) {
    const outcome = OUTCOMES[wordAt(reply, row + OUTCOME)];
    if (outcome === undefined) throw new RangeError('Broken hash reply: an unknown outcome');
    if (outcome === 'hashed') yield readIn(stats, bytes, row);
    else if (outcome === 'moved' || outcome === 'special') yield { outcome: 'moved' };
    else yield { outcome, errno: wordAt(reply, row + ERRNO) };
  }
}

/** The same number on all processors that there is a native engine for. */
const EFBIG = 27;

/** Returns whether a row says that its file has more bytes than the engine reads; no read of the system says so. */
export function isOfTooLarge(row: Int32Array): boolean {
  return wordAt(row, OUTCOME) === OUTCOMES.indexOf('read') && wordAt(row, ERRNO) === EFBIG;
}

function readIn(stats: PackedStats, all: Buffer, row: number): FileResult {
  const reply = stats.words;
  for (let word = 0; word < DETAIL_WORDS; word++) {
    if (wordAt(reply, row + BEFORE + word) !== wordAt(reply, row + AFTER + word))
      return { outcome: 'changed' };
  }
  const digest = all.toString('hex', row * 4, row * 4 + DIGEST_BYTES);
  const stat = stats.at(row + BEFORE);
  const bytes = (wordAt(reply, row + BYTES + 1) >>> 0) * TWO_32 + (wordAt(reply, row + BYTES) >>> 0);
  return { outcome: 'hashed', objectId: `sha256:${digest}`, stat, bytes };
}

function wordAt(reply: Int32Array, word: number): number {
  const value = reply[word];
  if (value === undefined) throw new RangeError(`Broken hash reply: no word ${word} of ${reply.length}`);
  return value;
}
