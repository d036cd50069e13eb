import { treePathToBytes } from '@muse/paths';
import { blobId, type ObjectId } from '@muse/stat-cache';
import {
  DETAIL_WORDS,
  DIRECTORY,
  DirectoryNode,
  listingsIn,
  NEW,
  PackedStats,
  ReplyWriter,
} from '@muse/walker/scan';
import { DirectoryResult } from '../../src/lib/take/join.js';
import type { Directory } from '../../src/lib/watch/flat-id.js';
import { stateOf, type DirectoryState } from '../../src/lib/watch/versions.js';
import { FILE_STAT } from './listings.js';

/** The content of a file that could not be read. */
export const UNREAD = '\0unread';

/** What is in a directory: for each name the content of a file, or a directory. */
export type Content = ReadonlyMap<string, string | Content>;

const LINE_BYTES = 80;
/** Stored lines with the ids of some contents. */
const STORED = Array.from({ length: 5 }, (_, i) => `content ${String(i)}`);
const lines = Buffer.from(
  STORED.map((content) => blobId(Buffer.from(content)).padEnd(LINE_BYTES)).join(''),
  'latin1',
);

let inodes = 1n;

/** A tree that is listed anew, a directory at a time, as one that is watched is. */
export class KeptTree {
  readonly top: Directory;
  /** What the directories were that changed since it was last taken. */
  replaced = new Map<Directory, DirectoryState>();

  /** @param path - the tree path of the directory where it begins. */
  constructor(content: Content, path = '') {
    this.top = new DirectoryNode<DirectoryResult>(path, { dev: 1n, ino: inodes++ }, undefined, {
      from: 0,
      to: 0,
    });
    this.set(this.top, content);
    this.replaced.clear();
  }

  /**
   * Lists a directory anew. Those in it are other ones, unless they are in `kept`; what is in these is listed anew as well if
   * it is not what it was.
   */
  set(directory: Directory, content: Content, kept: (name: string) => boolean = () => true): void {
    if (!this.replaced.has(directory)) this.replaced.set(directory, stateOf(directory));
    const entries = [...content].sort(([a, x], [b, y]) => Buffer.compare(keyOf(a, x), keyOf(b, y)));
    const names = entries.map(([name]) => name);
    const details = new Int32Array(names.length * DETAIL_WORDS);
    for (const i of names.keys()) new PackedStats(details).write(FILE_STAT, i * DETAIL_WORDS);
    const kinds = entries.map(([, each]) => (typeof each === 'string' ? NEW : DIRECTORY));
    const matches = entries.flatMap(([, each]) => (typeof each === 'string' ? [matchOf(each)] : [])).values();
    const join = {
      file: () => matches.next().value ?? NEW,
      directory: () => ({ from: 0, to: 0 }),
      gone: () => [],
    };
    const writer = new ReplyWriter();
    writer.addListed({ names, kinds, details, order: undefined, skipped: [0, 0, 0, 0, 0, 0] }, { join });
    const [listing] = listingsIn(writer.take());
    if (!listing) throw new Error('The reply has no record');
    const value = new DirectoryResult(directory, listing, lines);
    const cursor = listing.entries();
    for (const [, each] of entries) {
      if (typeof each === 'string' && matchOf(each) === NEW) {
        value.addMiss(cursor, 'new');
        if (each !== UNREAD) value.set(cursor.entry, blobId(Buffer.from(each)));
      }
      cursor.next();
    }
    value.settle(undefined);
    const before = directory.children;
    const children = new Map<string, Directory>();
    for (const [name, each] of entries) {
      if (typeof each === 'string') continue;
      const known = kept(name) ? before.get(name) : undefined;
      const child =
        known ??
        new DirectoryNode<DirectoryResult>(directory.prefix + name, { dev: 1n, ino: inodes++ }, directory, {
          from: 0,
          to: 0,
        });
      children.set(name, child);
    }
    for (const [name, child] of before) if (children.get(name) !== child) child.detach();
    Object.assign(directory, { listing, value, children, state: 'listed' });
    for (const [name, child] of children) {
      const each = content.get(name);
      if (each !== undefined && typeof each !== 'string' && before.get(name) !== child) this.set(child, each);
    }
  }
}

function keyOf(name: string, each: string | Content): Uint8Array {
  return treePathToBytes(typeof each === 'string' ? name : `${name}/`);
}

function matchOf(content: string): number {
  const index = STORED.indexOf(content);
  // Offsets in the lines begin where they cannot be taken for another match.
  return index <= 0 ? NEW : index * LINE_BYTES;
}

/** Returns the files of some content. */
export function filesOf(content: Content, prefix = ''): Map<string, ObjectId> {
  const files = [...allFiles(content, prefix)];
  files.sort(([a], [b]) => Buffer.compare(treePathToBytes(a), treePathToBytes(b)));
  return new Map(files);
}

function* allFiles(content: Content, prefix: string): Generator<[string, ObjectId]> {
  for (const [name, each] of content) {
    if (each === UNREAD) continue;
    if (typeof each === 'string') yield [prefix + name, blobId(Buffer.from(each))];
    else yield* allFiles(each, `${prefix}${name}/`);
  }
}
