/**
 * The packed layout of the calls, in numbers for TypeScript; `layout.h` says what each means. All are little-endian,
 * each record begins at a multiple of 8, and a word is 32 bits.
 */

/** The outcomes of scanning a directory. */
export const ScanOutcome = { listed: 0, moved: 1, failed: 2, tooLarge: 3 } as const;

/** Positions of the fields of a directory's record, in words from its start. */
export const ScanWord = {
  bytes: 0,
  outcome: 1,
  error: 2,
  operation: 3,
  entries: 4,
  textBytes: 5,
  gone: 6,
  watch: 7,
  skipped: 8,
  files: 14,
  directories: 15,
  hits: 16,
  details: 18,
  failed: 19,
  fileBytes: 20,
  skippedInAll: 22,
  flags: 23,
} as const;

/** Bytes of the record of a directory before its matches. */
export const SCAN_RECORD_BYTES = 96;

/** The meanings of a word of the match part; from `firstHit` on it is the offset of an object id. */
export const Match = {
  noLine: 0,
  otherSize: 1,
  otherMtime: 2,
  otherCtime: 3,
  otherInode: 4,
  badLine: 5,
  directory: 6,
  statFailed: 7,
  firstHit: 32,
} as const;

/** Bytes for each entry that has a detail. */
export const DETAIL_BYTES = 48;

/** The outcomes of hashing a file. */
export const HashOutcome = { hashed: 0, moved: 1, special: 2, open: 3, fstat: 4, read: 5 } as const;

/** Bytes of the record of a hashed file, and where its fields begin. */
export const HASH_RECORD_BYTES = 144;
export const HashByte = {
  digest: 0,
  before: 32,
  after: 80,
  bytesRead: 128,
  outcome: 136,
  error: 140,
} as const;

/** Offsets of the fields of a packed stat, which has 48 bytes. */
export const StatByte = {
  dev: 0,
  ino: 8,
  size: 16,
  mtimeSeconds: 24,
  ctimeSeconds: 32,
  mtimeNanoseconds: 40,
  ctimeNanoseconds: 44,
} as const;

/** A directory to scan. */
export interface ScanDirectory {
  /** The identity it was listed with. */
  readonly dev: bigint;
  readonly ino: bigint;
  /** Its slice of the lines, in bytes: whole lines, among them each line of a path below it. */
  readonly from: number;
  readonly to: number;
  /** Its tree path: the bytes, or a text without lone surrogates. */
  readonly path: Uint8Array | string;
  /** The number of them that `root` stands for, with the slash after them. Default: 0, the top of the tree. */
  readonly base?: number;
  /** Whether hits get a detail, too. Default: false. */
  readonly allDetails?: boolean;
}

/** A directory with files to hash. */
export interface HashDirectory {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly path: Uint8Array;
  readonly files: readonly { readonly dev: bigint; readonly ino: bigint; readonly name: Uint8Array }[];
}

/**
 * A piece of what is hashed by `digest`: text; a stretch of the lines, as they are or as entries: the path and the object id
 * of each, with a NUL after the path and between two entries; or files of one directory, as entries.
 */
export type DigestPiece =
  | Uint8Array
  | {
      readonly of: 'bytes' | 'entries';
      readonly from: number;
      readonly to: number;
      /** Bytes at the start of each path that are left out. Default: 0. */
      readonly skip?: number | undefined;
    }
  | {
      readonly of: 'files';
      /** What stands before their names in their paths. */
      readonly prefix: Uint8Array;
      /** Each with its NUL. */
      readonly names: Uint8Array;
      /** 32 bytes for each. */
      readonly digests: Uint8Array;
    };

const SCAN_REQUEST_BYTES = 40;
const MOST_BYTES_A_UNIT = 3;

/** Returns a request for `scan`, in shared memory. */
export function packScanRequest(directories: readonly ScanDirectory[]): Uint8Array {
  let most = 0;
  for (const { path } of directories) most += SCAN_REQUEST_BYTES + path.length * MOST_BYTES_A_UNIT + 16;
  const bytes = Buffer.from(new SharedArrayBuffer(most & ~7));
  const words = new Uint32Array(bytes.buffer);
  const identities = new BigUint64Array(bytes.buffer);
  let at = 0;
  for (const { dev, ino, from, to, path, base = 0, allDetails = false } of directories) {
    const text = at + SCAN_REQUEST_BYTES;
    let length = path.length;
    if (typeof path === 'string') length = bytes.write(path, text, 'utf8');
    else bytes.set(path, text);
    // The engine is built for processors of this byte order alone.
    identities[at >> 3] = dev;
    identities[(at >> 3) + 1] = ino;
    words[(at >> 2) + 4] = from;
    words[(at >> 2) + 5] = to;
    words[(at >> 2) + 6] = length;
    words[(at >> 2) + 7] = base;
    words[(at >> 2) + 8] = Number(allDetails);
    at = text + paddedText(length);
  }
  return new Uint8Array(bytes.buffer, 0, at);
}

/** Returns a request for `hash`, in shared memory. */
export function packHashRequest(directories: readonly HashDirectory[]): Uint8Array {
  const request = new HashRequest();
  const identity = new BigUint64Array(2);
  const words = new Int32Array(identity.buffer);
  for (const { dev, ino, path, files } of directories) {
    request.addDirectory(dev, ino, path, files.length);
    for (const file of files) {
      identity[0] = file.dev;
      identity[1] = file.ino;
      request.addFile(words, 0, file.name, 0, file.name.length);
    }
  }
  return request.bytes;
}

const PIECE_WORDS = 4;
const PIECE_KINDS = { bytes: 0, entries: 1, text: 2, files: 3 } as const;
const DIGEST_BYTES = 32;

/** Returns a request for `digest`, in shared memory. */
export function packDigestRequest(pieces: readonly DigestPiece[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) {
    size += PIECE_WORDS * 4;
    if (piece instanceof Uint8Array) size += padded(piece.length);
    else if (piece.of === 'files')
      size += padded(piece.prefix.length) + padded(piece.names.length) + padded(piece.digests.length);
  }
  const words = new Uint32Array(new SharedArrayBuffer(size));
  const bytes = new Uint8Array(words.buffer);
  let at = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      words.set([PIECE_KINDS.text, 0, piece.length, 0], at);
      bytes.set(piece, (at + PIECE_WORDS) * 4);
      at += padded(piece.length) / 4;
    } else if (piece.of === 'files') {
      const { prefix, names, digests } = piece;
      words.set([PIECE_KINDS.files, digests.length / DIGEST_BYTES, names.length, prefix.length], at);
      for (const part of [prefix, names, digests]) {
        bytes.set(part, (at + PIECE_WORDS) * 4);
        at += padded(part.length) / 4;
      }
    } else {
      words.set([PIECE_KINDS[piece.of], piece.from, piece.to, piece.skip ?? 0], at);
    }
    at += PIECE_WORDS;
  }
  return bytes;
}

/** Bytes of the record of a directory or a file in a request, before its text. */
const REQUEST_RECORD_BYTES = 24;
const FIRST_REQUEST_BYTES = 16 * 1024;

/** A request for `hash`, written piece by piece in shared memory, which serves the next request once it is cleared. */
export class HashRequest {
  #bytes = new Uint8Array(new SharedArrayBuffer(FIRST_REQUEST_BYTES));
  #words = new Int32Array(this.#bytes.buffer);
  #length = 0;

  /** The request so far; for a call, it must stay so until the call has ended. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Adds a directory, with the identity that it was listed with; so many files of it follow. */
  addDirectory(dev: bigint, ino: bigint, path: Uint8Array, files: number): void {
    const start = this.#begin(path.length);
    const identity = new BigUint64Array(this.#bytes.buffer, start, 2);
    identity[0] = dev;
    identity[1] = ino;
    this.#words[(start >> 2) + 4] = files;
    this.#words[(start >> 2) + 5] = path.length;
    this.#bytes.set(path, start + REQUEST_RECORD_BYTES);
  }

  /** Adds a file: the four words of its identity in memory, device first, and the bytes of its name in other memory. */
  addFile(stat: Int32Array, word: number, names: Uint8Array, from: number, to: number): void {
    const start = this.#begin(to - from);
    const words = this.#words;
    const at = start >> 2;
    for (let i = 0; i < 4; i++) words[at + i] = stat[word + i] ?? 0;
    words[at + 4] = to - from;
    words[at + 5] = 0;
    const bytes = this.#bytes;
    const name = start + REQUEST_RECORD_BYTES - from;
    for (let i = from; i < to; i++) bytes[name + i] = names[i] ?? 0;
  }

  /** Makes room for a record with a text and the NUL after it, and returns where it begins. */
  #begin(textLength: number): number {
    const start = this.#length;
    const end = start + REQUEST_RECORD_BYTES + paddedText(textLength);
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(new SharedArrayBuffer(Math.max(end, this.#bytes.length * 2)));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#words = new Int32Array(larger.buffer);
    }
    // The NUL, and what pads it: memory that was used before holds other texts.
    this.#words[(end >> 2) - 2] = 0;
    this.#words[(end >> 2) - 1] = 0;
    this.#length = end;
    return start;
  }
}

/** Returns the bytes of a text of some length with its NUL, padded. */
function paddedText(length: number): number {
  return padded(length + 1);
}

function padded(length: number): number {
  return (length + 7) & ~7;
}
