import { createHash } from 'node:crypto';
import {
  areTreePathsSorted,
  parseTreePath,
  PathSet,
  sortTreePaths,
  treePathToBytes,
  withPath,
} from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
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
const NOTHING = new Uint8Array();

/**
 * Makes the snapshot id of entries that come one by one, in path order. Writes their bytes itself: a string for each
 * entry, joined and encoded, takes as long and 15 MB more for 78,579 of them.
 */
export class SnapshotIdHasher {
  readonly #hash = createHash('sha256');
  #chunk: Uint8Array = Buffer.allocUnsafe(CHUNK_BYTES);
  #length = 0;
  #prefix: Uint8Array = NOTHING;
  #isFirst = true;

  /** Puts the entries that follow into a directory: `prefix` is its path and a slash, or `''`. */
  enter(prefix: string): void {
    this.#prefix = treePathToBytes(prefix);
  }

  /** Takes the next entry. The caller keeps to path order, without a path twice: it is not checked. */
  add(name: string, objectId: ObjectId): void {
    const start = this.#begin(name.length * MAX_BYTES_A_UNIT);
    const chunk = this.#chunk;
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
    this.#length = at;
  }

  /** Takes the next entry as bytes: its name, and its object id from an offset in other bytes on. */
  addBytes(
    { bytes, from, to }: { readonly bytes: Uint8Array; readonly from: number; readonly to: number },
    ids: Uint8Array,
    id: number,
  ): void {
    let at = this.#begin(to - from);
    const chunk = this.#chunk;
    for (let i = from; i < to; i++) chunk[at++] = byteAt(bytes, i);
    chunk[at++] = 0;
    for (let i = id; i < id + ID_BYTES; i++) chunk[at++] = byteAt(ids, i);
    this.#length = at;
  }

  /** Returns the snapshot id of all entries, and ends the hasher. */
  digest(): ObjectId {
    this.#flush();
    return `sha256:${this.#hash.digest('hex')}`;
  }

  /** Makes room for an entry, writes what stands before its name, and returns where that begins. */
  #begin(nameBytes: number): number {
    const prefix = this.#prefix;
    this.#makeRoom(prefix.length + nameBytes + ID_BYTES + 2);
    let at = this.#length;
    if (!this.#isFirst) this.#chunk[at++] = 0;
    this.#isFirst = false;
    this.#chunk.set(prefix, at);
    return at + prefix.length;
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#chunk.length) return;
    this.#flush();
    if (bytes > this.#chunk.length) this.#chunk = Buffer.allocUnsafe(bytes);
  }

  #flush(): void {
    this.#hash.update(this.#chunk.subarray(0, this.#length));
    this.#length = 0;
  }
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
