import { PackedRow } from '../packed-entries.js';
import type { FileCacheEntry } from '../types.js';
import { SEPARATOR } from './canonical-text.js';
import { entryText } from './entry-text.js';
import { MOST_BESIDE_PATH, writePlainLine } from './plain-text.js';

/** Bytes of the memory that lines are written to: small enough to stay in a core's cache. */
const MEMORY_BYTES = 128 * 1024;
/** The most bytes of one UTF-16 unit. */
const UNIT_BYTES = 3;

/** Where entries come from, and what becomes of the memory. */
export interface LineWriterOptions {
  /** Shows where the entry of a path lies, where it can be written from its packed numbers. */
  readonly find: (path: string, row: PackedRow) => boolean;
  readonly entryOf: (path: string) => FileCacheEntry | undefined;
  /** Use memory again once what was in it is handed out and more is asked for. */
  readonly reuse: boolean;
}

/** Writes canonical lines one after the other into memory. */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #row = new PackedRow();
  #memory = Buffer.alloc(0);
  /** Where the lines begin that were not handed out yet, and where they end. */
  #from = 0;
  #to = 0;

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Yields groups of the lines of these paths, in this order, with separators inside a group but not around it. */
  *lines(paths: readonly string[]): Iterable<Uint8Array> {
    const { find, entryOf } = this.#options;
    for (const path of paths) {
      if (!this.#hasRoom(path.length + MOST_BESIDE_PATH))
        yield* this.#makeRoom(path.length + MOST_BESIDE_PATH);
      if (find(path, this.#row)) {
        const end = writePlainLine(this.#memory, this.#start, path, this.#row);
        if (end >= 0) {
          this.#take(end);
          continue;
        }
      }
      const entry = entryOf(path);
      // An entry without a ctime can never be a hit, so it is not worth a line.
      if (entry?.ctimeNs === undefined) continue;
      const text = entryText(path, entry, entry.ctimeNs);
      if (!this.#hasRoom(text.length * UNIT_BYTES)) yield* this.#makeRoom(text.length * UNIT_BYTES);
      this.#take(this.#start + this.#memory.write(text, this.#start));
    }
    yield* this.#handOut();
  }

  /** Where the next line begins, after a separator where one is before it. */
  get #start(): number {
    return this.#to + (this.#to > this.#from ? SEPARATOR.length : 0);
  }

  /** Takes the next line in, which was written from `#start` to here. */
  #take(end: number): void {
    if (this.#to > this.#from) SEPARATOR.copy(this.#memory, this.#to);
    this.#to = end;
  }

  *#handOut(): Iterable<Uint8Array> {
    if (this.#to > this.#from) yield this.#memory.subarray(this.#from, this.#to);
    this.#from = this.#to;
  }

  #hasRoom(bytes: number): boolean {
    return this.#start + bytes <= this.#memory.length;
  }

  /** Goes on in other memory, or at the start of this one. */
  *#makeRoom(bytes: number): Iterable<Uint8Array> {
    yield* this.#handOut();
    if (!this.#options.reuse || this.#memory.length < bytes) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(MEMORY_BYTES, bytes));
    }
    this.#from = 0;
    this.#to = 0;
  }
}
