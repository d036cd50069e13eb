import { createHash, type Hash } from 'node:crypto';
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
import type { Problem } from '@muse/walker';
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
const DIGEST_WORDS = 8;
const ALGORITHM = Buffer.from('sha256:');
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** The most bytes to hash at once at the end: those of some 10,000 entries. */
const FEW_BYTES = 1 << 20;

/** A name in a listing. */
interface NameBytes {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Makes the snapshot id of entries that come one by one, in path order. Writes their bytes itself: a string for each
 * entry, joined and encoded, takes as long and 15 MB more for 78,579 of them.
 */
export class SnapshotIdHasher {
  readonly #sha256: Sha256 | undefined;
  /** What is to be hashed at once, while that is little and there is a function for it. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #hash: Hash | undefined;
  /** Each entry ends in a NUL here; the last byte is held back, since the last entry of all does not. */
  #chunk: Uint8Array = Buffer.allocUnsafe(CHUNK_BYTES);
  #length = 0;
  #prefix = Buffer.allocUnsafe(FIRST_PREFIX_BYTES);
  #prefixLength = 0;

  /** @param sha256 - hashes what is little. Default: `node:crypto` hashes everything. */
  constructor(sha256?: Sha256) {
    this.#sha256 = sha256;
  }

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

  /** Takes what comes next as text: the path and the object id of each entry, and a NUL after each of them. */
  addText(text: Uint8Array): void {
    for (let at = 0; at < text.length; at += CHUNK_BYTES / 2) {
      const part = text.subarray(at, at + CHUNK_BYTES / 2);
      this.#makeRoom(part.length);
      this.#chunk.set(part, this.#length);
      this.#length += part.length;
    }
  }

  /** Takes the next entry as bytes: its name in a listing, and its object id from an offset in other bytes on. */
  addBytes(name: NameBytes, ids: Uint8Array, id: number): void {
    let at = this.#addPath(name);
    const chunk = this.#chunk;
    for (let i = id; i < id + ID_BYTES; i++) chunk[at++] = byteAt(ids, i);
    chunk[at++] = 0;
    this.#length = at;
  }

  /** Takes the next entry as bytes: its name in a listing, and its digest, eight words from one on. */
  addDigest(name: NameBytes, words: Int32Array, digest: number): void {
    let at = this.#addPath(name);
    const chunk = this.#chunk;
    chunk.set(ALGORITHM, at);
    at += ALGORITHM.length;
    for (let word = digest; word < digest + DIGEST_WORDS; word++) {
      const four = words[word];
      if (four === undefined) throw new RangeError(`Broken digest: no word ${word} of ${words.length}`);
      for (let byte = 0; byte < 4; byte++) {
        const shift = LITTLE_ENDIAN ? byte * 8 : 24 - byte * 8;
        chunk[at++] = hexDigit((four >> (shift + 4)) & 15);
        chunk[at++] = hexDigit((four >> shift) & 15);
      }
    }
    chunk[at++] = 0;
    this.#length = at;
  }

  /** Writes the path of the next entry and its NUL, and returns where its object id begins. */
  #addPath({ bytes, from, to }: NameBytes): number {
    const prefix = this.#prefix;
    const prefixLength = this.#prefixLength;
    this.#makeRoom(prefixLength + to - from + ID_BYTES + 2);
    const chunk = this.#chunk;
    let at = this.#length;
    for (let i = 0; i < prefixLength; i++) chunk[at++] = byteAt(prefix, i);
    for (let i = from; i < to; i++) chunk[at++] = byteAt(bytes, i);
    chunk[at++] = 0;
    return at;
  }

  /** Returns the snapshot id of all entries, and ends the hasher. */
  digest(): ObjectId {
    this.#flush();
    const digest = this.#hash
      ? this.#hash.digest('hex')
      : (this.#sha256 ?? nodeSha256)(Buffer.concat(this.#held));
    return `sha256:${digest}`;
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#chunk.length) return;
    const last = this.#flush();
    if (bytes + 1 > this.#chunk.length) this.#chunk = Buffer.allocUnsafe(bytes + 1);
    if (last === undefined) return;
    this.#chunk[0] = last;
    this.#length = 1;
  }

  /** Hashes all but the last byte, which it returns. */
  #flush(): number | undefined {
    if (this.#length === 0) return undefined;
    const last = this.#chunk[this.#length - 1];
    this.#update(this.#chunk.subarray(0, this.#length - 1));
    this.#length = 0;
    return last;
  }

  #update(bytes: Uint8Array): void {
    if (!this.#hash && this.#sha256 && this.#heldBytes + bytes.length <= FEW_BYTES) {
      this.#held.push(Uint8Array.from(bytes));
      this.#heldBytes += bytes.length;
      return;
    }
    this.#hash ??= createHash('sha256');
    for (const held of this.#held) this.#hash.update(held);
    this.#held = [];
    this.#hash.update(bytes);
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
