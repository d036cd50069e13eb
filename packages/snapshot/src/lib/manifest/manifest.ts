import { createHash } from 'node:crypto';
import {
  areTreePathsSorted,
  isWellFormedPath,
  parseTreePath,
  PathSet,
  sortTreePaths,
  treePathToBytes,
  withPath,
} from '@muse/paths';
import type { ObjectId, Sha256 } from '@muse/stat-cache';
import { findParts, keyBytes, LineParts } from '@muse/stat-cache/lines';
import type { Problem } from '@muse/walker';
import type { NativeEngine } from '@muse/walker/scan';
import type { Manifest } from '../types.js';

/** Returns a manifest in path order: itself if it is in order already, else a sorted copy. */
export function inPathOrder(manifest: ReadonlyMap<string, ObjectId>): Manifest {
  if (areTreePathsSorted(manifest.keys())) return manifest;
  let sorted = new Map<string, ObjectId>();
  for (const path of sortTreePaths([...manifest.keys()])) {
    const objectId = manifest.get(path);
    if (objectId === undefined)
      throw new TypeError(`Cannot sort a manifest: ${JSON.stringify(path)} has no object id`);
    sorted = withPath(sorted, path, objectId);
  }
  return sorted;
}

/**
 * Returns the part of a manifest below the directory `path`, re-rooted there and in the same order; for `''`, all of
 * it. Returns an empty one if the manifest has nothing below `path`, as for a file.
 *
 * Under the same ignore rules its snapshot id is that of the directory by itself.
 *
 * @throws SyntaxError when `path` is neither `''` nor a tree path.
 */
export function subtree(manifest: Manifest, path: string): Manifest {
  if (path === '') return manifest;
  const prefix = `${parseTreePath(path)}/`;
  let part = new Map<string, ObjectId>();
  for (const [file, objectId] of manifest) {
    if (file.startsWith(prefix)) part = withPath(part, file.slice(prefix.length), objectId);
  }
  return part;
}

/**
 * Returns the snapshot id of a manifest: `sha256:` and the SHA-256 over the entries `bytes(path) NUL objectId`, in
 * path order, with one NUL between two entries. It depends on paths and object ids alone, not on the map's order.
 *
 * @throws TypeError when a path is no tree path because of a lone surrogate that stands for no byte.
 */
export function computeSnapshotId(manifest: ReadonlyMap<string, ObjectId>): ObjectId {
  const hasher = new SnapshotIdHasher();
  for (const [path, objectId] of inPathOrder(manifest)) hasher.add(path, objectId);
  return hasher.digest();
}

/** Bytes per update of the hash: an update per entry takes nearly twice as long (Node 20). */
const CHUNK_BYTES = 65_536;
const MAX_BYTES_A_UNIT = 3;
const ID_BYTES = 71;
const FIRST_PREFIX_BYTES = 4096;
const DIGEST_BYTES = 32;
const ALGORITHM = Buffer.from('sha256:');
const NUL = Uint8Array.of(0);
const NO_LINES = Buffer.from(new SharedArrayBuffer(0));

/** Hashes pieces on another thread, with a NUL between two: text, and stored lines as entries. */
export type DigestPieces = NonNullable<NativeEngine['native']['digest']>;
type Piece = Parameters<DigestPieces>[0][number];

/**
 * Writes the text of a snapshot id from entries that come one by one, in path order. Writes their bytes itself: a string for
 * each entry, joined and encoded, takes as long and 15 MB more for 78,579 of them.
 */
abstract class SnapshotIdText {
  /** Each entry ends in a NUL here. */
  #chunk: Uint8Array = Buffer.allocUnsafe(CHUNK_BYTES);
  #length = 0;
  #prefix = Buffer.allocUnsafe(FIRST_PREFIX_BYTES);
  #prefixLength = 0;

  /** Takes the next part of the text, in memory that is written to again. A NUL comes between two parts. */
  protected abstract take(part: Uint8Array): void;

  /** Puts the entries that follow into a directory: `prefix` is its path and a slash, or `''`. */
  enter(prefix: string): void {
    const most = prefix.length * MAX_BYTES_A_UNIT;
    if (most > this.#prefix.length) this.#prefix = Buffer.allocUnsafe(most);
    this.#prefixLength = isWellFormedPath(prefix)
      ? this.#prefix.write(prefix)
      : treePathToBytes(prefix).copy(this.#prefix);
  }

  /** Takes the next entry. The caller keeps to path order, without a path twice: it is not checked. */
  add(name: string, objectId: ObjectId): void {
    const prefix = this.#prefix.subarray(0, this.#prefixLength);
    this.#makeRoom(prefix.length + name.length * MAX_BYTES_A_UNIT + ID_BYTES + 2);
    const chunk = this.#chunk;
    chunk.set(prefix, this.#length);
    const start = this.#length + prefix.length;
    let at = start;
    for (let i = 0; i < name.length; i++) {
      const unit = name.charCodeAt(i);
      if (unit >= 0x80) {
        const bytes = treePathToBytes(name);
        chunk.set(bytes, start);
        at = start + bytes.length;
        break;
      }
      chunk[at++] = unit;
    }
    chunk[at++] = 0;
    for (let i = 0; i < ID_BYTES; i++) chunk[at++] = objectId.charCodeAt(i);
    chunk[at++] = 0;
    this.#length = at;
  }

  /**
   * Takes the entries of stored lines, each of them a hit, in path order.
   *
   * @param skip - bytes at the start of each path that are left out.
   */
  addLines(lines: Buffer, from: number, to: number, skip = 0): void {
    const parts = new LineParts();
    for (let start = from; start < to; start = parts.next) {
      findParts(lines, start, parts);
      const { isPlain, keyEnd, id } = parts;
      const bytes = isPlain ? lines : keyBytes(lines, start);
      const [first, end] = isPlain ? [start + 1, keyEnd] : [0, bytes.length];
      this.#makeRoom(end - first + ID_BYTES + 2);
      const chunk = this.#chunk;
      let at = this.#length;
      for (let i = first + skip; i < end; i++) chunk[at++] = byteAt(bytes, i);
      chunk[at++] = 0;
      for (let i = id; i < id + ID_BYTES; i++) chunk[at++] = byteAt(lines, i);
      chunk[at++] = 0;
      this.#length = at;
    }
  }

  /** Takes the next entries as bytes: their names in the directory, each with its NUL, and 32 bytes of digest for each. */
  addFiles(names: Uint8Array, digests: Uint8Array): void {
    const prefix = this.#prefix;
    const prefixLength = this.#prefixLength;
    for (let from = 0, digest = 0; from < names.length; digest += DIGEST_BYTES) {
      let to = from;
      while (byteAt(names, to) !== 0) to++;
      this.#makeRoom(prefixLength + to - from + ID_BYTES + 2);
      const chunk = this.#chunk;
      let at = this.#length;
      for (let i = 0; i < prefixLength; i++) chunk[at++] = byteAt(prefix, i);
      for (let i = from; i <= to; i++) chunk[at++] = byteAt(names, i);
      chunk.set(ALGORITHM, at);
      at += ALGORITHM.length;
      for (let i = digest; i < digest + DIGEST_BYTES; i++) {
        const byte = byteAt(digests, i);
        chunk[at++] = hexDigit(byte >> 4);
        chunk[at++] = hexDigit(byte & 15);
      }
      chunk[at++] = 0;
      this.#length = at;
      from = to + 1;
    }
  }

  /** What stands before the names in the directory that the entries are in. */
  protected get prefix(): Uint8Array {
    return this.#prefix.subarray(0, this.#prefixLength);
  }

  /** Hands on what was not yet. */
  protected flush(): void {
    if (this.#length === 0) return;
    const part = this.#chunk.subarray(0, this.#length - 1);
    this.#length = 0;
    this.take(part);
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#chunk.length) return;
    this.flush();
    if (bytes > this.#chunk.length) this.#chunk = Buffer.allocUnsafe(bytes);
  }
}

/** Makes the snapshot id of entries on this thread. */
export class SnapshotIdHasher extends SnapshotIdText {
  readonly #hash = createHash('sha256');
  #hasBegun = false;

  /** Returns the snapshot id of all entries. */
  digest(): ObjectId {
    this.flush();
    return `sha256:${this.#hash.digest('hex')}`;
  }

  protected override take(part: Uint8Array): void {
    if (this.#hasBegun) this.#hash.update(NUL);
    this.#hasBegun = true;
    this.#hash.update(part);
  }
}

/**
 * Makes the snapshot id of entries on another thread. Stored lines are read there, and so are the names and digests of
 * files, where they stand: nearly all of a snapshot.
 */
export class SnapshotIdPieces extends SnapshotIdText {
  readonly #digest: DigestPieces;
  readonly #pieces: Piece[] = [];
  #lines: Buffer = NO_LINES;

  constructor(digest: DigestPieces) {
    super();
    this.#digest = digest;
  }

  override addLines(lines: Buffer, from: number, to: number, skip = 0): void {
    if (from === to) return;
    if (this.#lines !== lines && this.#lines !== NO_LINES) {
      super.addLines(lines, from, to, skip);
      return;
    }
    this.#lines = lines;
    this.flush();
    const last = this.#pieces.at(-1);
    if (last && 'of' in last && last.of === 'entries' && last.to === from)
      this.#pieces[this.#pieces.length - 1] = { ...last, to };
    else this.#pieces.push({ of: 'entries', from, to, skip });
  }

  override addFiles(names: Uint8Array, digests: Uint8Array): void {
    this.flush();
    this.#pieces.push({ of: 'files', prefix: Uint8Array.from(this.prefix), names, digests });
  }

  /** Resolves with the snapshot id of all entries. */
  async digest(): Promise<ObjectId> {
    this.flush();
    return `sha256:${await this.#digest(this.#pieces, this.#lines)}`;
  }

  protected override take(part: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(part));
  }
}

/** SHA-256 by `node:crypto`. */
export const nodeSha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Returns the character of a digit below 16, without a branch that a processor could only guess. */
function hexDigit(digit: number): number {
  return 0x30 + digit + (((9 - digit) >> 31) & 0x27);
}

/** Returns a byte that must be there. */
export function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(`Broken bytes: no byte ${at} of ${bytes.length}`);
  return byte;
}

/** Returns what stands before a tree path below a directory: its path and a slash, or nothing for the root. */
export function prefixOf(directory: string): string {
  return directory === '' ? '' : `${directory}/`;
}

/** Returns whether a tree path is a directory, or below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(prefixOf(directory));
}

/** Returns whether a tree path, or a directory above it, is among some paths; `''` stands for the root. */
export function isAtOrBelow(paths: ReadonlySet<string>, path: string): boolean {
  if (paths.size === 0) return false;
  if (paths.has('')) return true;
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (paths.has(path.slice(0, end))) return true;
  }
  return false;
}

/**
 * Returns the paths of what could not be seen. Where rules were not obeyed, the root that is named was listed all the
 * same.
 */
export function unseenPaths(problems: readonly Problem[]): PathSet {
  return new PathSet(problems.filter(({ kind }) => kind !== 'not-trusted').map(({ path }) => path));
}
