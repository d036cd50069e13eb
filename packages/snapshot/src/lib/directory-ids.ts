import type { FileStat, MissReason, ObjectId } from '@muse/stat-cache';
import { CHANGED, NO_LINE } from '@muse/stat-cache/json-v3';
import { StatView, type DirectoryNode, type Listing } from '@muse/walker/scan';
import type { FileToHash } from './hash-files.js';
import type { Problem } from './types.js';

/** A file whose object id only reading it can tell. Its path and stat stay in the listing until they are asked for. */
export class Miss implements FileToHash {
  readonly into: DirectoryIds;
  /** Its place in the directory's listing, from the first entry on. */
  readonly position: number;
  readonly reason: MissReason;
  readonly size: number;
  /** Bytes that it had when it was read; until then, the size that it was listed with. */
  bytes: number;

  constructor(into: DirectoryIds, position: number, reason: MissReason) {
    this.into = into;
    this.position = position;
    this.reason = reason;
    this.size = Number(this.stat.size);
    this.bytes = this.size;
  }

  get directory(): DirectoryNode<DirectoryIds> {
    return this.into.directory;
  }

  get name(): string {
    const { names, from } = this.into.listing;
    return names[from + this.position] ?? '';
  }

  get path(): string {
    return this.directory.prefix + this.name;
  }

  get stat(): FileStat {
    const { stats, from } = this.into.listing;
    return new StatView(stats, from + this.position);
  }
}

const ALGORITHM = 'sha256:';
const ID_LENGTH = 71;
const DIGEST_BYTES = 32;
/** A digest, after one byte that is 1 where there is any. */
const ROW_BYTES = 1 + DIGEST_BYTES;

/** What a snapshot knows of the files of one directory. */
export class DirectoryIds {
  readonly directory: DirectoryNode<DirectoryIds>;
  /** What the directory held when it was looked up. */
  readonly listing: Listing;
  /** Entries of the listing that are files. */
  files = 0;
  /** Files that have a stored line, valid or not. */
  matched = 0;
  /** The files that have to be read. */
  readonly misses: Miss[] = [];
  /** The files that could not be. */
  readonly problems: Problem[] = [];
  /** What the notes of the listing are offsets in; one for all directories. */
  readonly lines: Buffer | undefined;
  #rows: Buffer | undefined;

  constructor(directory: DirectoryNode<DirectoryIds>, listing: Listing, lines: Buffer | undefined) {
    this.directory = directory;
    this.listing = listing;
    this.lines = lines;
  }

  /** Keeps the object id of the file in this place of the listing. */
  set(position: number, id: ObjectId): void {
    const { from, to } = this.listing;
    const rows = (this.#rows ??= Buffer.alloc((to - from) * ROW_BYTES));
    const at = position * ROW_BYTES;
    rows[at] = 1;
    rows.write(id.slice(ALGORITHM.length), at + 1, DIGEST_BYTES, 'hex');
  }

  /** Whether an object id was set for the file in this place of the listing. */
  has(position: number): boolean {
    return this.#rows?.[position * ROW_BYTES] === 1;
  }

  /** Returns what was set for the file in this place of the listing. */
  get(position: number): ObjectId | undefined {
    const rows = this.#rows;
    const at = position * ROW_BYTES;
    return rows?.[at] === 1 ? `${ALGORITHM}${rows.toString('hex', at + 1, at + ROW_BYTES)}` : undefined;
  }

  /** Returns where in the lines the object id of the file with this index in the listing stands, or 0: not there. */
  storedAt({ notes, from }: Listing, index: number): number {
    const note = notes?.[index] ?? NO_LINE;
    return note > CHANGED && !this.has(index - from) ? note : 0;
  }

  /**
   * Returns the object id of the file with this index in the listing, where it is known: what was set, else what its note
   * leads to. Most ids stay in the stored lines until they are asked for here.
   */
  idOf(listing: Listing, index: number): ObjectId | undefined {
    const at = this.storedAt(listing, index);
    if (at === 0) return this.get(index - listing.from);
    return this.lines?.toString('latin1', at, at + ID_LENGTH) as ObjectId;
  }
}
