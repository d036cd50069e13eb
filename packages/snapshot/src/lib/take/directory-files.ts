import { isSameStat, type FileStat, type MissReason, type ObjectId, type StatCache } from '@muse/stat-cache';
import {
  BAD_LINE,
  CTIME_CHANGED,
  type DirectoryNode,
  FIRST_HIT,
  INODE_CHANGED,
  isFile,
  type Listing,
  MTIME_CHANGED,
  type NameCursor,
  NEW,
  SIZE_CHANGED,
} from '@muse/walker/scan';
import type { FileToHash } from '../hash/engine.js';
import type { Problem } from '../types.js';

/** A file whose object id only reading it can tell. */
export class Miss {
  readonly into: DirectoryFiles;
  /** Its entry in the listing of its directory. */
  readonly entry: number;
  readonly reason: MissReason;
  /** Bytes, when it was listed. */
  readonly size: number;
  /** Bytes that it had when it was read; until then, those it was listed with. */
  bytes: number;
  readonly #nameFrom: number;

  constructor(into: DirectoryFiles, names: NameCursor, reason: MissReason) {
    this.into = into;
    this.entry = names.entry;
    this.reason = reason;
    this.size = into.listing.size(names.entry);
    this.bytes = this.size;
    this.#nameFrom = names.from;
  }

  get name(): string {
    return this.into.listing.nameAt(this.#nameFrom);
  }

  /** Its tree path. */
  get path(): string {
    return this.into.directory.prefix + this.name;
  }

  /** The stat that it was listed with. */
  get stat(): FileStat {
    return this.into.listing.stat(this.entry);
  }

  /** Returns what an engine must be told of it. */
  toHash(): FileToHash {
    const { dev, ino } = this.stat;
    return { directory: this.into.directory, name: this.name, dev, ino, size: this.size };
  }
}

const ID_LENGTH = 71;
const DIGEST_BYTES = 32;
/** A digest, after one byte that is 1 where there is any. */
const ROW_BYTES = 1 + DIGEST_BYTES;

/** What a snapshot knows of the files of one directory: which are hits, which must be read, and the ids of those read. */
export class DirectoryFiles {
  readonly directory: DirectoryNode<DirectoryFiles>;
  readonly listing: Listing;
  /** The stored lines, in which a match of the listing is an offset; one for all directories. */
  readonly lines: Buffer | undefined;
  /** Entries of the listing that are files. */
  files = 0;
  /** The files that have to be read. */
  readonly misses: Miss[] = [];
  /** The files that could not be. */
  readonly problems: Problem[] = [];
  #rows: Buffer | undefined;

  constructor(directory: DirectoryNode<DirectoryFiles>, listing: Listing, lines: Buffer | undefined) {
    this.directory = directory;
    this.listing = listing;
    this.lines = lines;
  }

  /** Keeps the object id of an entry. */
  set(entry: number, id: ObjectId): void {
    const rows = (this.#rows ??= Buffer.alloc(this.listing.length * ROW_BYTES));
    const at = entry * ROW_BYTES;
    rows[at] = 1;
    rows.write(id.slice(-2 * DIGEST_BYTES), at + 1, DIGEST_BYTES, 'hex');
  }

  /** Returns whether an object id was kept for an entry. */
  has(entry: number): boolean {
    return this.#rows?.[entry * ROW_BYTES] === 1;
  }

  /** Returns where in the lines the object id of an entry stands, or 0 where it does not, or was kept here. */
  offsetOf(entry: number): number {
    const match = this.listing.match(entry);
    return match >= FIRST_HIT && !this.has(entry) ? match : 0;
  }

  /** Returns the object id of a file, where it is known. */
  idOf(entry: number): ObjectId | undefined {
    const offset = this.offsetOf(entry);
    if (offset > 0) return this.lines?.toString('latin1', offset, offset + ID_LENGTH) as ObjectId;
    const rows = this.#rows;
    const at = entry * ROW_BYTES;
    return rows?.[at] === 1 ? `sha256:${rows.toString('hex', at + 1, at + ROW_BYTES)}` : undefined;
  }
}

/** What is known from earlier snapshots. */
export interface Known {
  readonly cache: StatCache | undefined;
  /** The stored lines that listings are joined with. Without them each file is looked up by its path. */
  readonly lines: Buffer | undefined;
}

/**
 * Judges the files of a directory that was just listed: which are hits, and which have to be read. `before` is what was
 * known of it when it was last listed in this snapshot: what was read since then and did not change is not read again.
 */
export function judgeDirectory(
  directory: DirectoryNode<DirectoryFiles>,
  listing: Listing,
  { cache, lines }: Known,
  before: DirectoryFiles | undefined,
): DirectoryFiles {
  const judged = new DirectoryFiles(directory, listing, lines);
  const read = readBefore(before);
  const isAnythingNewer = read !== undefined || cache?.hasPending === true;
  let open = 0;
  for (let entry = 0; entry < listing.length; entry++) {
    const match = listing.match(entry);
    if (!isFile(match)) continue;
    judged.files++;
    if (match < FIRST_HIT || isAnythingNewer) open++;
  }
  if (open === 0) return judged;
  for (let entry = 0, names = listing.names; entry < listing.length; entry++, names.next()) {
    const match = listing.match(entry);
    if (!isFile(match) || (match >= FIRST_HIT && !isAnythingNewer)) continue;
    const name = names.text;
    const path = directory.prefix + name;
    const known = read?.get(name);
    if (known && isSameStat(known.miss.stat, listing.stat(entry))) {
      judged.set(entry, known.id);
      const miss = new Miss(judged, names, known.miss.reason);
      miss.bytes = known.miss.bytes;
      judged.misses.push(miss);
    } else if (!cache) {
      judged.misses.push(new Miss(judged, names, 'new'));
    } else if (lines && !cache.isPending(path)) {
      if (match < FIRST_HIT) judged.misses.push(new Miss(judged, names, reasonOf(match, cache)));
    } else {
      // What the cache knows of it is something else than its line, or there are no lines.
      const stat = listing.stat(entry);
      const id = cache.lookup(path, stat);
      listing.doubt(entry);
      if (id !== undefined) judged.set(entry, id);
      else judged.misses.push(new Miss(judged, names, cache.missReason(path, stat) ?? 'new'));
    }
  }
  return judged;
}

const REASONS: readonly MissReason[] = Object.assign([] as MissReason[], {
  [SIZE_CHANGED]: 'size',
  [MTIME_CHANGED]: 'mtime',
  [CTIME_CHANGED]: 'ctime',
  [INODE_CHANGED]: 'inode',
});

function reasonOf(match: number, { discarded }: StatCache): MissReason {
  if (match === NEW || match === BAD_LINE) return discarded === undefined ? 'new' : 'cache-reset';
  const reason = REASONS[match];
  if (reason === undefined) throw new RangeError(`Broken scan reply: there is no match ${match}`);
  return reason;
}

/** Returns the files of a directory that were read after it was listed, by name; `undefined` where there are none. */
function readBefore(
  before: DirectoryFiles | undefined,
): Map<string, { readonly miss: Miss; readonly id: ObjectId }> | undefined {
  if (!before || before.misses.length === 0) return undefined;
  const read = new Map<string, { readonly miss: Miss; readonly id: ObjectId }>();
  for (const miss of before.misses) {
    const id = before.has(miss.entry) ? before.idOf(miss.entry) : undefined;
    if (id !== undefined) read.set(miss.name, { miss, id });
  }
  return read.size > 0 ? read : undefined;
}
