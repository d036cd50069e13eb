import { PathMap } from '@muse/paths';
import type { FileCacheEntry } from './types.js';

/** Numbers of one entry: size, mtime, ctime, inode. */
const NUMBERS = 4;
/** Bytes of the digest in an object id. */
export const ID_BYTES = 32;
const ALGORITHM = 'sha256:';
/** Entries of one page: 32 KiB. Pages are never copied, where an array that grows is there twice while it does. */
const ROWS = 512;
const NO_DIMENSIONS: ReadonlyMap<string, string> = new Map();

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Which of the two words of a number is the lower one. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
/** Which of the two words of a number is the higher one. */
export const HIGH = LITTLE_ENDIAN ? 1 : 0;

interface Page {
  readonly numbers: BigInt64Array;
  /** The same, in words of 32 bits. */
  readonly words: Uint32Array;
  readonly ids: Buffer;
}

/** Where one packed entry lies: for who reads many, and makes nothing of them that is garbage at once. */
export class PackedRow {
  /** Size, mtime, ctime and inode from `word` on, two words each. */
  words: Uint32Array = new Uint32Array();
  word = 0;
  /** The digest, from `id` on. */
  ids: Uint8Array = new Uint8Array();
  id = 0;
}

/**
 * A map of entries that takes 64 bytes an entry beside its path, where objects with bigints and texts take 270: it makes
 * an entry each time it is asked for one.
 */
export class PackedEntries implements ReadonlyMap<string, FileCacheEntry> {
  #rows = new PathMap<number>();
  #pages: Page[] = [];
  /** Entries that no row can hold: with dimensions, with numbers beyond 64 bits, without a ctime. */
  #whole = new Map<number, FileCacheEntry>();
  /** Rows that were used and are free. */
  #free: number[] = [];
  #used = 0;

  /** Returns a map of the same entries, which can be changed on its own. */
  static copyOf(entries: ReadonlyMap<string, FileCacheEntry>): PackedEntries {
    const copy = new PackedEntries();
    if (entries instanceof PackedEntries) {
      copy.#rows = new PathMap(entries.#rows);
      copy.#pages = entries.#pages.map(({ numbers, ids }) => pageOf(numbers.slice(), Buffer.from(ids)));
      copy.#whole = new Map(entries.#whole);
      copy.#free = [...entries.#free];
      copy.#used = entries.#used;
    } else {
      for (const [path, entry] of entries) copy.set(path, entry);
    }
    return copy;
  }

  get size(): number {
    return this.#rows.size;
  }

  has(path: string): boolean {
    return this.#rows.has(path);
  }

  get(path: string): FileCacheEntry | undefined {
    const row = this.#rows.get(path);
    return row === undefined ? undefined : this.#entryIn(row);
  }

  /** Shows where the entry of a path lies; false where there is none, or none that is packed. */
  find(path: string, into: PackedRow): boolean {
    const row = this.#rows.get(path);
    if (row === undefined || this.#whole.has(row)) return false;
    const { words, ids } = this.#pages[Math.floor(row / ROWS)] ?? newPage();
    into.words = words;
    into.word = (row % ROWS) * NUMBERS * 2;
    into.ids = ids;
    into.id = (row % ROWS) * ID_BYTES;
    return true;
  }

  /** Adds or replaces an entry. */
  set(path: string, entry: FileCacheEntry): void {
    let row = this.#rows.get(path);
    if (row === undefined) {
      row = this.#free.pop() ?? this.#used++;
      this.#rows.set(path, row);
    }
    if (fits(entry) && this.#write(row, entry)) this.#whole.delete(row);
    else this.#whole.set(row, entry);
  }

  delete(path: string): void {
    const row = this.#rows.get(path);
    if (row === undefined) return;
    this.#rows.delete(path);
    this.#whole.delete(row);
    this.#free.push(row);
  }

  *entries(): Generator<[path: string, entry: FileCacheEntry]> {
    for (const [path, row] of this.#rows) yield [path, this.#entryIn(row)];
  }

  [Symbol.iterator](): Generator<[path: string, entry: FileCacheEntry]> {
    return this.entries();
  }

  keys(): MapIterator<string> {
    return this.#rows.keys();
  }

  *values(): Generator<FileCacheEntry> {
    for (const row of this.#rows.values()) yield this.#entryIn(row);
  }

  forEach(
    visit: (entry: FileCacheEntry, path: string, entries: ReadonlyMap<string, FileCacheEntry>) => void,
    thisArg?: unknown,
  ): void {
    for (const [path, entry] of this) visit.call(thisArg, entry, path, this);
  }

  /** Returns false for what is no object id. */
  #write(row: number, { size, mtimeNs, ctimeNs, ino, objectId }: FileCacheEntry): boolean {
    const { numbers, ids } = (this.#pages[Math.floor(row / ROWS)] ??= newPage());
    const place = row % ROWS;
    const at = place * NUMBERS;
    numbers[at] = size;
    numbers[at + 1] = mtimeNs;
    numbers[at + 2] = ctimeNs ?? 0n;
    numbers[at + 3] = ino;
    return ids.write(objectId.slice(ALGORITHM.length), place * ID_BYTES, ID_BYTES, 'hex') === ID_BYTES;
  }

  #entryIn(row: number): FileCacheEntry {
    const whole = this.#whole.get(row);
    if (whole) return whole;
    const { numbers, ids } = this.#pages[Math.floor(row / ROWS)] ?? newPage();
    const place = row % ROWS;
    const at = place * NUMBERS;
    const id = place * ID_BYTES;
    return {
      size: numbers[at] ?? 0n,
      mtimeNs: numbers[at + 1] ?? 0n,
      ctimeNs: numbers[at + 2] ?? 0n,
      // Unsigned, where all others are signed.
      ino: BigInt.asUintN(64, numbers[at + 3] ?? 0n),
      objectId: `${ALGORITHM}${ids.toString('hex', id, id + ID_BYTES)}`,
      dimensions: NO_DIMENSIONS,
    };
  }
}

function newPage(): Page {
  return pageOf(new BigInt64Array(ROWS * NUMBERS), Buffer.alloc(ROWS * ID_BYTES));
}

function pageOf(numbers: BigInt64Array, ids: Buffer): Page {
  return { numbers, words: new Uint32Array(numbers.buffer), ids };
}

/** Whether a row gives back what is put into it. */
function fits({ size, mtimeNs, ctimeNs, ino, dimensions }: FileCacheEntry): boolean {
  return (
    dimensions.size === 0 &&
    ctimeNs !== undefined &&
    BigInt.asIntN(64, size) === size &&
    BigInt.asIntN(64, mtimeNs) === mtimeNs &&
    BigInt.asIntN(64, ctimeNs) === ctimeNs &&
    BigInt.asUintN(64, ino) === ino
  );
}
