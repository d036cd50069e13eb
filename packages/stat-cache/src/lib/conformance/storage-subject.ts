import type { CacheContents, CacheStorage, FileCacheEntry } from '../../index.js';
import { contentsOf, expectContents } from './expect-contents.js';

/** A place of its own for one case, empty at first. */
export interface StorageSubject {
  /** Returns a storage over the place, each time another object: what one has saved, the next one loads. */
  open(): Promise<CacheStorage>;
}

/** Something that every storage must do. */
export interface StorageCase {
  readonly name: string;
  /** Rejects with an `AssertionError` where the storage does not. */
  run(subject: StorageSubject): Promise<void>;
}

export type Entries = ReadonlyMap<string, FileCacheEntry>;

/** Loads what must be there whole. */
export async function load(storage: CacheStorage): Promise<CacheContents> {
  return contentsOf(await storage.load({ maxBytes: Number.MAX_SAFE_INTEGER }));
}

/** Opens, loads and saves a change, as a process of its own would. */
export async function change(
  subject: StorageSubject,
  added: Entries,
  removed: readonly string[],
): Promise<void> {
  const storage = await subject.open();
  await storage.save({ base: await load(storage), put: added, remove: new Set(removed) });
}

export function put(subject: StorageSubject, entries: Entries): Promise<void> {
  return change(subject, entries, []);
}

export async function expectStored(subject: StorageSubject, expected: Entries): Promise<void> {
  expectContents(await load(await subject.open()), expected);
}

/** Every other entry, and the rest. */
export function halves(entries: Entries): [Entries, Entries] {
  const all = [...entries];
  return [new Map(all.filter((_, at) => at % 2 === 0)), new Map(all.filter((_, at) => at % 2 === 1))];
}
