import type { FileCacheEntry } from '../types.js';
import { CTIME, HASH, HIGH, INO, itemAt, LOW, MTIME, SEPARATOR, SIZE, TAIL } from './layout.js';

/** Bytes of the memory that lines are written to: small enough to stay in a core's cache. */
const MEMORY_BYTES = 128 * 1024;
/** The most bytes of one UTF-16 unit. */
const UNIT_BYTES = 3;
/** The most bytes that a plain line has beside its path: the parts above, four numbers of up to 20 digits, and an id. */
const MOST_BESIDE_PATH = 256;

/** Writes lines one after the other into memory, and hands out what is full. No memory is used again. */
export class LineWriter {
  /** A time in nanoseconds, and the same in words. */
  readonly #time = new BigInt64Array(1);
  readonly #words = new Uint32Array(this.#time.buffer);
  #memory = Buffer.alloc(0);
  /** Where the lines begin that were not handed out yet, and where they end. */
  #from = 0;
  #to = 0;

  /**
   * Adds the line of an entry; one without a ctime can never be a hit, and has none. Returns the lines before it where the
   * memory was full, with separators between them but not around them.
   */
  add(path: string, entry: FileCacheEntry): Uint8Array | undefined {
    const { ctimeNs } = entry;
    if (ctimeNs === undefined) return undefined;
    let full = this.#makeRoom(path.length + MOST_BESIDE_PATH);
    let end = this.#writePlain(path, entry, ctimeNs);
    if (end < 0) {
      const text = lineText(path, entry, ctimeNs);
      const more = this.#makeRoom(text.length * UNIT_BYTES);
      full ??= more;
      end = this.#start + this.#memory.write(text, this.#start);
    }
    if (this.#to > this.#from) SEPARATOR.copy(this.#memory, this.#to);
    this.#to = end;
    return full;
  }

  /** Returns the lines that were not handed out yet, if there are any. */
  take(): Uint8Array | undefined {
    const lines = this.#to > this.#from ? this.#memory.subarray(this.#from, this.#to) : undefined;
    this.#from = this.#to;
    return lines;
  }

  /** Where the next line begins, after a separator where one is before it. */
  get #start(): number {
    return this.#to + (this.#to > this.#from ? SEPARATOR.length : 0);
  }

  /** Goes on in other memory where this one has too little room, and returns what was in it. */
  #makeRoom(bytes: number): Uint8Array | undefined {
    if (this.#start + bytes <= this.#memory.length) return undefined;
    const full = this.take();
    this.#memory = Buffer.allocUnsafeSlow(Math.max(MEMORY_BYTES, bytes));
    this.#from = 0;
    this.#to = 0;
    return full;
  }

  /**
   * Writes the line that nearly every entry has, byte by byte, and returns the offset after it; or -1 where another form is
   * needed: for a path that is escaped, dimensions, a time before 1970 or from 2262 on, or a number from 2^53 on. That saves
   * 0.6 µs a line and 1.5 KB of garbage (78,579 lines, Node 20).
   */
  #writePlain(
    path: string,
    { size, ino, mtimeNs, objectId, dimensions }: FileCacheEntry,
    ctimeNs: bigint,
  ): number {
    if (dimensions.size > 0 || !isPlainCount(size) || !isPlainCount(ino)) return -1;
    if (!isPlainTime(mtimeNs) || !isPlainTime(ctimeNs)) return -1;
    const bytes = this.#memory;
    let at = this.#start;
    bytes[at++] = QUOTE;
    for (let i = 0; i < path.length; i++) {
      const code = path.charCodeAt(i);
      if (!isPlain(code)) return -1;
      bytes[at++] = code;
    }
    at = this.#writeTime(literal(bytes, at, MTIME), mtimeNs);
    at = this.#writeTime(literal(bytes, at, CTIME), ctimeNs);
    at = digits(bytes, literal(bytes, at, SIZE), Number(size));
    at = digits(bytes, literal(bytes, at, INO), Number(ino));
    at = literal(bytes, at, HASH);
    return literal(bytes, at + bytes.write(objectId, at, 'latin1'), TAIL);
  }

  #writeTime(at: number, ns: bigint): number {
    this.#time[0] = ns;
    const high = itemAt(this.#words, HIGH);
    const low = itemAt(this.#words, LOW);
    // A double may be 512 off here, so the seconds by one. The rest is exact in its lowest 32 bits, and has no more.
    let seconds = Math.floor((high * TWO_32 + low) / SECOND);
    let rest = (low - Math.imul(seconds, SECOND)) | 0;
    if (rest < 0) {
      seconds--;
      rest += SECOND;
    } else if (rest >= SECOND) {
      seconds++;
      rest -= SECOND;
    }
    const bytes = this.#memory;
    const point = digits(bytes, at, seconds);
    bytes[point] = 0x2e;
    const end = point + 1 + DECIMALS;
    for (let i = end - 1; i > point; i--) {
      bytes[i] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    }
    return end;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SECOND = 1_000_000_000;
const DECIMALS = 9;
const TWO_32 = 4_294_967_296;
const TWO_53 = 9_007_199_254_740_992n;
const TWO_63 = 9_223_372_036_854_775_808n;

/** Whether a character stands for itself in a JSON key, as one byte. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code < 0x80 && code !== QUOTE && code !== BACKSLASH;
}

function isPlainCount(number: bigint): boolean {
  return number >= 0n && number < TWO_53;
}

function isPlainTime(ns: bigint): boolean {
  return ns >= 0n && ns < TWO_63;
}

// Each of these writes its part at an offset and returns the one after it.

function literal(bytes: Uint8Array, at: number, part: Uint8Array): number {
  bytes.set(part, at);
  return at + part.length;
}

function digits(bytes: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}

/** Returns the line of an entry, whatever is in it, without the separator that follows it; `ctimeNs` is the entry's own. */
export function lineText(path: string, entry: FileCacheEntry, ctimeNs: bigint): string {
  return (
    `${JSON.stringify(path)}:{"mtime":${timeText(entry.mtimeNs)},"ctime":${timeText(ctimeNs)},` +
    `"size":${String(entry.size)},"ino":${String(entry.ino)},"object_hash":"${entry.objectId}",` +
    `"dimensions":${dimensionsText(entry.dimensions)}}`
  );
}

/** Returns a time in seconds with exactly nine decimals, from nanoseconds. */
export function timeText(ns: bigint): string {
  const negative = ns < 0n;
  const text = String(negative ? -ns : ns).padStart(DECIMALS + 1, '0');
  const point = text.length - DECIMALS;
  return `${negative ? '-' : ''}${text.slice(0, point)}.${text.slice(point)}`;
}

/** Returns the text of dimensions: their names in the order of UTF-16 units, nothing between. */
function dimensionsText(dimensions: ReadonlyMap<string, string>): string {
  if (dimensions.size === 0) return '{}';
  const pairs = [...dimensions].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`).join(',')}}`;
}
