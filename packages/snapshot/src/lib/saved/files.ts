import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  holdBelow,
  museDir,
  relativeTreePath,
  snapshotsDir,
  toFsPath,
  type HeldDirectory,
} from '@muse/paths';
import {
  FileReadError,
  readGuarded,
  replaceFile,
  syncDirectory,
  type TemporaryFiles,
} from '@muse/paths/files';
import { isObjectId, type ObjectId } from '@muse/stat-cache';
import { SavedSnapshotError } from '../errors.js';
import { MAX_MANIFEST_BYTES } from '../manifest/parse.js';

/**
 * Saved snapshots are in `.muse/snapshots`. Both must be real directories, and what is read in them regular files: no
 * link is followed. A file gets its name only once it is whole and synced, so there is never half of one.
 */

/** The beginning of the names of temporary files. */
const TEMPORARY = '.saving_';

/** Returns the names in the directory of a root's saved snapshots; none if there is no such directory. */
export async function savedNames(root: string): Promise<string[]> {
  const directory = snapshotsDir(root);
  const doing = `Cannot list the saved snapshots in ${JSON.stringify(directory)}`;
  try {
    await checkDirectories([museDir(root), directory], doing);
    return await readdir(toFsPath(directory));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw asSavedError(error, doing, directory);
  }
}

/** Reads one file as a whole; returns `undefined` if it is gone, is no regular file, or `accept` refuses its beginning. */
export async function readSaved(
  root: string,
  name: string,
  accept: (beginning: Buffer) => boolean,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  const file = join(snapshotsDir(root), name);
  const doing = `Cannot read the saved snapshot ${JSON.stringify(file)}`;
  signal?.throwIfAborted();
  try {
    await checkDirectories([museDir(root), snapshotsDir(root)], doing);
    return (await readGuarded(file, { maxBytes: MAX_MANIFEST_BYTES, accept, signal })).bytes;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof FileReadError && NOT_OURS.includes(error.code)) return undefined;
    throw asSavedError(error, doing, file);
  }
}

/** Codes for a file that is gone, is not regular, or is of another kind. */
const NOT_OURS: readonly string[] = ['ENOENT', 'ENOTREG', 'EOTHER'];

/** Makes the directory if only it is missing. */
export async function prepareToSave(root: string): Promise<void> {
  const directory = snapshotsDir(root);
  const doing = `Cannot save a snapshot in ${JSON.stringify(directory)}`;
  try {
    await checkDirectories([museDir(root)], doing);
    try {
      await mkdir(toFsPath(directory), 0o755);
      await syncDirectory(museDir(root));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await checkDirectories([directory], doing);
  } catch (error) {
    throw asSavedError(error, doing, directory);
  }
}

/** Writes a new file: whole, or not at all. */
export async function writeSaved(
  root: string,
  name: string,
  chunks: Iterable<Uint8Array>,
  {
    signal,
    temporaryFiles,
  }: { readonly signal?: AbortSignal | undefined; readonly temporaryFiles?: TemporaryFiles | undefined },
): Promise<void> {
  const directory = snapshotsDir(root);
  const file = join(directory, name);
  const doing = `Cannot save the snapshot ${JSON.stringify(file)}`;
  try {
    const options = { prefix: TEMPORARY, mode: 0o644, signal, temporaryFiles };
    await replaceFile(file, limited(chunks, doing, file), options);
  } catch (error) {
    signal?.throwIfAborted();
    throw asSavedError(error, doing, file);
  }
}

function* limited(chunks: Iterable<Uint8Array>, doing: string, file: string): Iterable<Uint8Array> {
  let bytes = 0;
  for (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_MANIFEST_BYTES) throw tooLarge(doing, file);
    yield chunk;
  }
}

/**
 * Removes files in the directory of a root's saved snapshots, and follows no link to them. Returns for each the error,
 * `undefined` where the file is gone, whoever removed it.
 */
export async function removeSaved(
  root: string,
  names: readonly string[],
): Promise<(SavedSnapshotError | undefined)[]> {
  const directory = snapshotsDir(root);
  const doing = `Cannot remove saved snapshots in ${JSON.stringify(directory)}`;
  let held: HeldDirectory | undefined;
  try {
    await checkDirectories([museDir(root), directory], doing);
    held = holdBelow(root, relativeTreePath(root, directory));
    const path = held?.path ?? directory;
    const errors: (SavedSnapshotError | undefined)[] = [];
    for (const name of names) errors.push(await removeOne(root, name, toFsPath(join(path, name))));
    // What is forgotten must stay so; where a directory cannot be synced, it is forgotten all the same.
    await syncDirectory(path);
    return errors;
  } catch (error) {
    throw asSavedError(error, doing, directory);
  } finally {
    held?.close();
  }
}

async function removeOne(
  root: string,
  name: string,
  path: string | Buffer,
): Promise<SavedSnapshotError | undefined> {
  const file = join(snapshotsDir(root), name);
  const doing = `Cannot remove the saved snapshot ${JSON.stringify(file)}`;
  try {
    if ((await lstat(path)).isFile()) await unlink(path);
    else return new SavedSnapshotError(doing, file, 'something else has taken its place', 'ENOTREG');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return asSavedError(error, doing, file);
  }
  return undefined;
}

async function checkDirectories(directories: readonly string[], doing: string): Promise<void> {
  for (const directory of directories) {
    const stats: Stats = await lstat(toFsPath(directory));
    if (stats.isDirectory()) continue;
    const reason = `${JSON.stringify(directory)} is ${stats.isSymbolicLink() ? 'a symbolic link' : 'not a directory'}`;
    throw new SavedSnapshotError(doing, directory, reason, 'ENOTREG');
  }
}

function tooLarge(doing: string, file: string): SavedSnapshotError {
  const reason = `it has more than the ${MAX_MANIFEST_BYTES} bytes that are read at most`;
  return new SavedSnapshotError(doing, file, reason, 'EFBIG');
}

function asSavedError(error: unknown, doing: string, path: string): SavedSnapshotError {
  if (error instanceof SavedSnapshotError) return error;
  const reason = error instanceof FileReadError ? error.reason : (error as Error).message;
  return new SavedSnapshotError(doing, path, reason, codeOf(error), { cause: error });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
}

/**
 * The name of a saved snapshot: `<time>-<64 digits of its id>-<8 random digits>.json`. Names alone tell which is the
 * newest, and which have an id. The time is `20261122T194012.345Z`. The random digits keep apart what two processes
 * save in the same millisecond.
 */
export interface SavedName {
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly id: ObjectId;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z-([0-9a-f]{64})-[0-9a-f]{8}\.json$/;
/** The last millisecond of the year 9999, which is the last with four digits. */
const LAST_MS = 253_402_300_799_999;

/** Parses a name; returns `undefined` if it is not that of a saved snapshot. */
export function parseSavedName(name: string): SavedName | undefined {
  const [, year, month, day, hour, minute, second, digits] = NAME.exec(name) ?? [];
  const id = `sha256:${digits ?? ''}`;
  const timeMs = Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  if (!isObjectId(id) || Number.isNaN(timeMs) || !name.startsWith(stamp(timeMs))) return undefined;
  return { name, timeMs, id };
}

/** Returns a new name for a snapshot that is saved at a time of the years 0 to 9999. */
export function newSavedName(id: ObjectId, timeMs: number): string {
  return `${stamp(timeMs)}-${id.slice('sha256:'.length)}-${randomBytes(4).toString('hex')}.json`;
}

/**
 * Returns the time for a snapshot that is saved now: after the newest one there is, so that a clock set back does not
 * make the last save look old.
 */
export function timeToSave(nowMs: number, newestMs: number | undefined): number {
  return Math.min(newestMs === undefined ? nowMs : Math.max(nowMs, newestMs + 1), LAST_MS);
}

function stamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]/g, '');
}
