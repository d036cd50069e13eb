import { createHash, type Hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareTreePaths, treePathToBytes } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { DIRECTORY, type DirectoryNode, isFile } from '@muse/walker/scan';
import type { DirectoryResult, Texts } from '../take/join.js';

/** A directory of a tree that is kept. */
export type Directory = DirectoryNode<DirectoryResult>;

const ID_BYTES = 71;
const ID_ALGORITHM = Buffer.from('sha256:');
const DIGEST_BYTES = 32;
const HEX = Buffer.from('0123456789abcdef');
/** A text of this length is hashed where it lies; those below are put together first, which takes less than a call for each. */
const LONG_BYTES = 2048;
const SHORT_BYTES = 65_536;
/** Text between two turns of the event loop, and what a byte of it counts for that is yet to be made: some 3 ms. */
const TEXT_A_TURN = 4 * 1024 * 1024;
const NEW_TEXT = 16;
/** The text of a directory and all below it is kept as one up to this. */
const BLOCK_BYTES = 32 * 1024;
/** Text between two checkpoints: 0.3 ms. */
const TEXT_A_CHECKPOINT = 512 * 1024;

/** The state of the hash where a directory begins. */
interface Checkpoint {
  readonly directory: Directory;
  readonly hash: Hash;
}

/**
 * Makes the snapshot id of a tree again and again. The text that it is the hash of is kept: for small directories together
 * with all that is below them. It is hashed from the last checkpoint before the first path that changed.
 */
export class FlatId {
  readonly #top: Directory;
  /** In path order. */
  #checkpoints: Checkpoint[] = [];
  /** All text at and below a directory that is in no other block. */
  readonly #blocks = new WeakMap<Directory, Uint8Array>();
  readonly #writer = new TextWriter();

  constructor(top: Directory) {
    this.#top = top;
  }

  /** Forgets what was hashed of a tree path, as it is below the root, and of all after it. */
  changed(path: string): void {
    const isAfter = ({ directory }: Checkpoint) => compareTreePaths(directory.prefix, path) > 0;
    const index = this.#checkpoints.findIndex(isAfter);
    if (index >= 0) this.#checkpoints.length = index;
  }

  /** Forgets the text of a directory in which something changed. */
  changedIn(directory: Directory): void {
    for (let at: Directory | undefined = directory; at; at = at.parent) this.#blocks.delete(at);
  }

  /** Returns the id, and lets the event loop turn meanwhile. The tree must not change before it resolves. */
  async make(signal: AbortSignal | undefined): Promise<ObjectId> {
    const steps = this.#steps();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      await nextTurn();
      signal?.throwIfAborted();
    }
  }

  /** Returns the id at once. */
  makeNow(): ObjectId {
    const steps = this.#steps();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /** Yields from time to time, and returns the id. */
  *#steps(): Generator<void, ObjectId> {
    // Another directory may have taken its place, with the same files.
    this.#checkpoints = this.#checkpoints.filter(({ directory }) => directory.state !== 'detached');
    const last = this.#checkpoints.at(-1);
    const text = new TextHash(last);
    let isSkipping = last !== undefined;
    let sinceTurn = 0;
    let sinceCheckpoint = 0;
    const start = this.#top.prefix.length;
    const stack: Place[] = [];
    const add = (part: Uint8Array) => {
      if (isSkipping) return;
      text.add(part);
      sinceCheckpoint += part.length;
      sinceTurn += part.length;
    };
    /** Returns the bytes of its text, where all of it is at hand. */
    const enter = (directory: Directory): number | undefined => {
      if (isSkipping && directory === last?.directory) {
        isSkipping = false;
      } else if (sinceCheckpoint >= TEXT_A_CHECKPOINT) {
        this.#checkpoints.push({ directory, hash: text.state() });
        sinceCheckpoint = 0;
      }
      const block = this.#blocks.get(directory);
      if (block) {
        add(block);
        return block.length;
      }
      const { value } = directory;
      if (value && !value.texts) {
        value.texts = textsOf(directory, start, this.#writer);
        sinceTurn += NEW_TEXT * value.texts.parts.reduce((sum, { length }) => sum + length, 0);
      }
      const texts = value?.texts ?? NO_TEXTS;
      if (texts.directories.length === 0) {
        const [text] = texts.parts;
        if (text) add(text);
        return text?.length ?? 0;
      }
      stack.push({ directory, texts, index: 0, bytes: 0 });
      return undefined;
    };
    enter(this.#top);
    for (let place = stack.at(-1); place; place = stack.at(-1)) {
      const { directory, texts, index } = place;
      place.index++;
      const part = texts.parts[index];
      if (part) {
        add(part);
        place.bytes += part.length;
      }
      const name = texts.directories[index];
      const child = name === undefined ? undefined : directory.children.get(name);
      if (child) {
        place.bytes += enter(child) ?? 0;
      } else if (index >= texts.directories.length) {
        stack.pop();
        const above = stack.at(-1);
        if (above) above.bytes += place.bytes;
        if (!isSkipping && place.bytes <= BLOCK_BYTES) this.#makeBlock(place);
      }
      if (sinceTurn < TEXT_A_TURN) continue;
      sinceTurn = 0;
      yield;
    }
    if (isSkipping) throw new Error('Broken checkpoint: its directory is not in the tree');
    return text.digest();
  }

  /** Keeps the text of a small directory and of all below it as one, in place of its parts. */
  #makeBlock({ directory, bytes }: Place): void {
    const block = new Uint8Array(bytes);
    let at = 0;
    const put = (part: Uint8Array) => {
      block.set(part, at);
      at += part.length;
    };
    // Nothing is deep that has so little text, but for names: an empty directory has none at all.
    const stack = [{ directory, index: 0 }];
    for (let place = stack.at(-1); place; place = stack.at(-1)) {
      // Whoever made the id of another version meanwhile may have put it into a block.
      const { value } = place.directory;
      if (value) value.texts ??= textsOf(place.directory, this.#top.prefix.length, this.#writer);
      const { parts, directories } = value?.texts ?? NO_TEXTS;
      const index = place.index++;
      const part = parts[index];
      if (part) put(part);
      const name = directories[index];
      const child = name === undefined ? undefined : place.directory.children.get(name);
      const own = child && this.#blocks.get(child);
      if (own) {
        put(own);
        this.#blocks.delete(child);
      } else if (child) {
        stack.push({ directory: child, index: 0 });
      } else if (index >= directories.length) {
        stack.pop();
        if (place.directory.value) place.directory.value.texts = undefined;
      }
    }
    if (at !== bytes) throw new Error(`Broken block: ${at} bytes of ${bytes} were put together`);
    this.#blocks.set(directory, block);
    // Whoever is in the block is passed by from now on.
    const isWithin = (at: Directory | undefined) =>
      at !== undefined && at !== directory && at.prefix.startsWith(directory.prefix);
    while (isWithin(this.#checkpoints.at(-1)?.directory)) this.#checkpoints.pop();
  }
}

/** A directory on the way through a tree. */
interface Place {
  readonly directory: Directory;
  readonly texts: Texts;
  /** The next part of its text. */
  index: number;
  /** Bytes of the text at and below it so far. */
  bytes: number;
}

const NO_TEXTS: Texts = { parts: [], directories: [] };

function textsOf({ prefix, value }: Directory, start: number, writer: TextWriter): Texts {
  if (!value) return NO_TEXTS;
  const { listing } = value;
  const parts: Uint8Array[] = [];
  const directories: string[] = [];
  let digests: Uint8Array | undefined;
  writer.begin(treePathToBytes(prefix.slice(start)));
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
    const { entry, match } = cursor;
    if (match === DIRECTORY) {
      parts.push(writer.take());
      directories.push(cursor.name);
    } else if (isFile(match) && value.isHit(entry)) {
      writer.beginFile(listing.bytes, cursor.from, cursor.to);
      writer.endFile(value.linesOfHits, match);
    } else if (isFile(match) && value.has(entry)) {
      digests ??= value.digestsOf(0, listing.length);
      writer.beginFile(listing.bytes, cursor.from, cursor.to);
      writer.endFileByDigest(digests, entry * DIGEST_BYTES);
    }
  }
  parts.push(writer.take());
  return { parts, directories };
}

/** Writes the text of files in one directory after another. Byte by byte, since a view of so few takes longer than they do. */
class TextWriter {
  #path: Uint8Array = new Uint8Array();
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  /**
   * Begins the text of a directory, whatever became of the one before.
   *
   * @param path - its path, with the slash at its end.
   */
  begin(path: Uint8Array): void {
    this.#path = path;
    this.#length = 0;
  }

  /** Writes the path of a file, whose name lies in some bytes. */
  beginFile(bytes: Uint8Array, from: number, to: number): void {
    const path = this.#path;
    const most = this.#length + path.length + (to - from) + ID_BYTES + 2;
    if (most > this.#bytes.length) {
      const larger = new Uint8Array(2 * most);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#copy(path, 0, path.length);
    this.#copy(bytes, from, to);
    this.#bytes[this.#length++] = 0;
  }

  /** Writes its object id, which lies in some bytes. */
  endFile(bytes: Uint8Array, from: number): void {
    this.#copy(bytes, from, from + ID_BYTES);
    this.#bytes[this.#length++] = 0;
  }

  /** Writes the object id whose digest lies in some bytes. */
  endFileByDigest(bytes: Uint8Array, from: number): void {
    this.#copy(ID_ALGORITHM, 0, ID_ALGORITHM.length);
    if (from + DIGEST_BYTES > bytes.length)
      throw new RangeError(`Broken text: no digest at ${from} of ${bytes.length}`);
    const target = this.#bytes;
    let at = this.#length;
    for (let i = from; i < from + DIGEST_BYTES; i++) {
      const byte = bytes[i] ?? 0;
      target[at++] = HEX[byte >> 4] ?? 0;
      target[at++] = HEX[byte & 15] ?? 0;
    }
    target[at++] = 0;
    this.#length = at;
  }

  /** Returns the text so far, in memory of its own, and begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #copy(bytes: Uint8Array, from: number, to: number): void {
    if (to > bytes.length) throw new RangeError(`Broken text: ${to} bytes asked for of ${bytes.length}`);
    const target = this.#bytes;
    let at = this.#length;
    for (let i = from; i < to; i++) target[at++] = bytes[i] ?? 0;
    this.#length = at;
  }
}

/** The hash of texts that each end in a NUL, without the NUL after the last of them. */
class TextHash {
  readonly #hash: Hash;
  /** What is not hashed yet: the last text if it is long, else short ones in a row. */
  #long: Uint8Array | undefined;
  readonly #short = Buffer.allocUnsafe(SHORT_BYTES);
  #shortBytes = 0;

  constructor(from: Checkpoint | undefined) {
    this.#hash = from ? from.hash.copy() : createHash('sha256');
    if (from) this.#oweNul();
  }

  add(text: Uint8Array): void {
    const { length } = text;
    if (length >= LONG_BYTES) {
      this.#flush(0);
      this.#long = text;
    } else if (length > 0) {
      if (this.#long || this.#shortBytes + length > SHORT_BYTES) this.#flush(0);
      this.#short.set(text, this.#shortBytes);
      this.#shortBytes += length;
    }
  }

  /** Returns the state after some text, as a value of its own: without the NUL at its end. */
  state(): Hash {
    this.#flush(1);
    this.#oweNul();
    return this.#hash.copy();
  }

  digest(): ObjectId {
    this.#flush(1);
    return `sha256:${this.#hash.digest('hex')}`;
  }

  #oweNul(): void {
    this.#short[0] = 0;
    this.#shortBytes = 1;
  }

  /** Hashes all but the last bytes of what is not hashed yet, and forgets it. */
  #flush(except: 0 | 1): void {
    const text = this.#long ?? this.#short.subarray(0, this.#shortBytes);
    if (text.length > except) this.#hash.update(except === 0 ? text : text.subarray(0, text.length - except));
    this.#long = undefined;
    this.#shortBytes = 0;
  }
}
