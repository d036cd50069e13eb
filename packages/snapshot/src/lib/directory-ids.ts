import type { MissReason, ObjectId } from '@muse/stat-cache';
import { CHANGED, NO_LINE } from '@muse/stat-cache/json-v3';
import type { DirectoryNode, Listing } from '@muse/walker/scan';
import type { FileToHash } from './hash-files.js';
import type { Problem } from './types.js';

/** A file whose object id only reading it can tell. */
export interface Miss extends FileToHash {
  readonly directory: DirectoryNode<DirectoryIds>;
  readonly into: DirectoryIds;
  /** Its place in the directory's listing, from the first entry on. */
  readonly position: number;
  readonly reason: MissReason;
  /** Bytes that it had when it was read; until then, the size that it was listed with. */
  bytes: number;
}

const ID_LENGTH = 71;

/** What a snapshot knows of the files of one directory. */
export class DirectoryIds {
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
  #known: (ObjectId | undefined)[] | undefined;

  constructor(lines: Buffer | undefined) {
    this.lines = lines;
  }

  /** Keeps the object id of the file in this place of the listing. */
  set(position: number, id: ObjectId): void {
    this.#known ??= [];
    this.#known[position] = id;
  }

  /** Returns what was set for the file in this place of the listing. */
  get(position: number): ObjectId | undefined {
    return this.#known?.[position];
  }

  /** Returns where in the lines the object id of the file with this index in the listing stands, or 0: not there. */
  storedAt({ notes, from }: Listing, index: number): number {
    const note = notes?.[index] ?? NO_LINE;
    return note > CHANGED && this.#known?.[index - from] === undefined ? note : 0;
  }

  /**
   * Returns the object id of the file with this index in the listing, where it is known: what was set, else what its note
   * leads to. Most ids stay in the stored lines until they are asked for here.
   */
  idOf(listing: Listing, index: number): ObjectId | undefined {
    const at = this.storedAt(listing, index);
    if (at === 0) return this.#known?.[index - listing.from];
    return this.lines?.toString('latin1', at, at + ID_LENGTH) as ObjectId;
  }
}
