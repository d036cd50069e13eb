import { basename, join } from 'node:path';
import { parseTreePath, snapshotsDir } from '@muse/paths';
import type { TemporaryFiles } from '@muse/paths/files';
import type { ObjectId } from '@muse/stat-cache';
import { resolveRoot } from '@muse/walker';
import { SavedSnapshotError } from '../errors.js';
import type { FormattedSnapshot } from '../manifest/format.js';
import {
  newSavedName,
  parseSavedName,
  prepareToSave,
  readSaved,
  removeSaved,
  type SavedName,
  savedNames,
  timeToSave,
  writeSaved,
} from './files.js';
import {
  beginsAsSaved,
  decodeSaved,
  encodeSaved,
  OtherVersionError,
  type SavedSnapshot,
  type SavedSnapshotInfo,
} from './format.js';
import { isWithin } from '../manifest/manifest.js';
import { decodeOptions, encodeOptions } from '../take/tree-options.js';
import type { Snapshot, TreeOptions } from '../types.js';

/** A saved snapshot that can no longer be read. */
export interface DamagedSnapshot {
  /** The native path of the file. */
  readonly file: string;
  /** The damage. */
  readonly error: Error;
}

/** The saved snapshots of a root. */
export interface SavedSnapshotList {
  /** The newest first. */
  readonly snapshots: readonly SavedSnapshotInfo[];
  /** The damaged ones, the newest first. */
  readonly damaged: readonly DamagedSnapshot[];
}

/** Options of {@link listSavedSnapshots}. */
export interface ListSavedOptions {
  /** The number of undamaged snapshots to list; older files are not read. Default: all. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The latest saved snapshot. */
export interface LatestSnapshot {
  /** `undefined` if there is none. */
  readonly snapshot: SavedSnapshot | undefined;
  /** Newer ones that cannot be read, the newest first: the one wanted may be among them. */
  readonly damaged: readonly DamagedSnapshot[];
}

/** Options of {@link saveSnapshot}. */
export interface SaveSnapshotOptions {
  /** A note to keep with it. Default: none. */
  readonly note?: string | undefined;
  /** The tree path of the directory that it is of. Default: `''`, the root. */
  readonly subtree?: string | undefined;
  /** The options that it was taken with, so that it can be compared by the same. Default: none. */
  readonly options?: TreeOptions | undefined;
  /** Ends the call early: it rejects with the signal's reason, and leaves no file behind. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of the temporary file. Default: nobody. */
  readonly temporaryFiles?: TemporaryFiles | undefined;
}

/** Options of {@link latestSavedSnapshot}. */
export interface LatestSnapshotOptions {
  /** The directory that it must be of, or be above. Default: `''`, the root, so that those of subtrees do not count. */
  readonly subtree?: string | undefined;
  /** The number of snapshots to go back: 1 is the one before the latest. Default: 0. */
  readonly back?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link readSavedSnapshot}. */
export interface ReadSavedOptions {
  /** Rejects with `ESHARED` if the same content was saved more than once, even if one of them is damaged. Default: false. */
  readonly unshared?: boolean | undefined;
  /** Called with each newer one of the same id that is damaged. Default: nobody. */
  readonly onDamaged?: ((damaged: DamagedSnapshot) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Saves a snapshot under `.muse/snapshots` of a root, which must have a `.muse`. Once this resolves, the whole snapshot
 * is there, whatever happens to the process or the machine. Others may save at the same time.
 *
 * Rejects with a {@link SavedSnapshotError}, and with the reason of `signal`; then nothing is saved.
 */
export async function saveSnapshot(
  root: string,
  snapshot: FormattedSnapshot & Partial<Pick<Snapshot, 'rules'>>,
  { note = '', subtree = '', options = {}, signal, temporaryFiles }: SaveSnapshotOptions = {},
): Promise<SavedSnapshotInfo> {
  signal?.throwIfAborted();
  if (subtree !== '') parseTreePath(subtree);
  const resolved = (await resolveRoot(root)).root;
  await prepareToSave(resolved);
  const { rules = [] } = snapshot;
  const nowMs = Date.now();
  const savedAt = new Date(timeToSave(nowMs, await newestFrom(nowMs, resolved, signal)));
  const name = newSavedName(snapshot.id, savedAt.getTime());
  const chunks = encodeSaved(snapshot, resolved, { savedAt, note, subtree, options, rules });
  await writeSaved(resolved, name, chunks, { signal, temporaryFiles });
  return {
    id: snapshot.id,
    savedAt,
    note,
    subtree,
    options: decodeOptions(resolved, encodeOptions(resolved, options)),
    rules,
    complete: snapshot.complete,
    files: snapshot.manifest.size,
    bytes: snapshot.stats.bytes,
    file: join(snapshotsDir(resolved), name),
  };
}

/** Returns the time of the newest undamaged one, unless it is before `nowMs`. */
async function newestFrom(
  nowMs: number,
  root: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  for (const name of await namesIn(root)) {
    if (name.timeMs < nowMs) return undefined;
    const found = await tryRead(root, name, signal);
    if (found && 'snapshot' in found) return name.timeMs;
  }
  return undefined;
}

/**
 * Returns the saved snapshots of a root, the newest first. Each file is read and checked as a whole; damaged ones are
 * listed apart. Files that {@link saveSnapshot} did not write are ignored. With a `limit`, those before the oldest one
 * that is listed are not looked at.
 *
 * Rejects with a {@link SavedSnapshotError} when `.muse/snapshots` cannot be listed or is no real directory.
 */
export async function listSavedSnapshots(
  root: string,
  { limit = Infinity, signal }: ListSavedOptions = {},
): Promise<SavedSnapshotList> {
  const resolved = (await resolveRoot(root)).root;
  const snapshots: SavedSnapshotInfo[] = [];
  const damaged: DamagedSnapshot[] = [];
  for (const name of await namesIn(resolved)) {
    if (snapshots.length >= limit) break;
    const found = await tryRead(resolved, name, signal);
    if (found && 'snapshot' in found) snapshots.push(infoOf(found.snapshot));
    else if (found) damaged.push(found);
  }
  return { snapshots, damaged };
}

function infoOf(snapshot: SavedSnapshot): SavedSnapshotInfo {
  const { id, savedAt, note, subtree, options, rules, complete, files, bytes, file } = snapshot;
  return { id, savedAt, note, subtree, options, rules, complete, files, bytes, file };
}

/**
 * Returns the saved snapshot with this id. A unique beginning of the id is enough, with or without `sha256:`. If the
 * same content was saved several times, returns the newest undamaged one, unless `unshared` says otherwise.
 *
 * Rejects with a {@link SavedSnapshotError}: `ENOSNAPSHOT`, `EAMBIGUOUS`, `ESHARED`, or what is wrong with the one that has the
 * id.
 */
export async function readSavedSnapshot(
  root: string,
  id: string,
  { unshared = false, onDamaged, signal }: ReadSavedOptions = {},
): Promise<SavedSnapshot> {
  const resolved = (await resolveRoot(root)).root;
  const directory = snapshotsDir(resolved);
  const doing = `Cannot find the saved snapshot ${JSON.stringify(id)} in ${JSON.stringify(directory)}`;
  const digits = id.replace(/^sha256:/, '');
  const isPrefix = /^[0-9a-f]{1,64}$/.test(digits);
  const ids = new Set<ObjectId>();
  const found: SavedSnapshot[] = [];
  const damaged: DamagedSnapshot[] = [];
  for (const name of await namesIn(resolved)) {
    const isWanted = isPrefix && name.id.startsWith(`sha256:${digits}`);
    const isFound = !unshared && found.some((snapshot) => snapshot.id === name.id);
    if (!isWanted || isFound) continue;
    const read = await tryRead(resolved, name, signal);
    if (!read) continue;
    ids.add(name.id);
    if ('snapshot' in read) found.push(read.snapshot);
    else damaged.push(read);
  }
  if (ids.size > 1) {
    const reason = `${ids.size} snapshots begin like that: ${listOf(ids)}`;
    throw new SavedSnapshotError(doing, directory, reason, 'EAMBIGUOUS');
  }
  const saves = found.length + damaged.length;
  if (unshared && saves > 1) {
    throw new SavedSnapshotError(doing, directory, `${saves} saved snapshots have that id`, 'ESHARED');
  }
  if (found[0]) {
    for (const each of damaged) onDamaged?.(each);
    return found[0];
  }
  if (damaged[0]) throw damaged[0].error;
  throw new SavedSnapshotError(doing, directory, 'there is none', 'ENOSNAPSHOT');
}

/**
 * Returns the latest saved snapshot of a directory or of one above it: of the root, unless `subtree` names another.
 * `back` goes further back. Damaged ones do not count; the newer ones among them are listed in the result.
 */
export async function latestSavedSnapshot(
  root: string,
  { subtree = '', back = 0, signal }: LatestSnapshotOptions = {},
): Promise<LatestSnapshot> {
  const resolved = (await resolveRoot(root)).root;
  const damaged: DamagedSnapshot[] = [];
  let before = back;
  for (const name of await namesIn(resolved)) {
    const found = await tryRead(resolved, name, signal);
    if (!found) continue;
    if (!('snapshot' in found)) damaged.push(found);
    else if (isWithin(subtree, found.snapshot.subtree) && before-- === 0) return { ...found, damaged };
  }
  return { snapshot: undefined, damaged };
}

/** The outcome of {@link forgetSnapshots}. */
export interface ForgottenSnapshots {
  /** The files that are gone now, in the order in which they were named. */
  readonly forgotten: readonly string[];
  /** Those that are still there, and why. */
  readonly failed: readonly DamagedSnapshot[];
}

/**
 * Removes saved snapshots of a root, given by the `file` that a list or a reader named. Follows no link, and looks at no
 * other file, so that others may save and read at the same time. One that is gone already counts as forgotten.
 *
 * Rejects with a {@link SavedSnapshotError} when `.muse/snapshots` is no real directory; then nothing is removed.
 *
 * @throws RangeError if a file is none that a saved snapshot of this root can have.
 */
export async function forgetSnapshots(
  root: string,
  snapshots: readonly Pick<DamagedSnapshot, 'file'>[],
): Promise<ForgottenSnapshots> {
  const resolved = (await resolveRoot(root)).root;
  const names = snapshots.map(({ file }) => {
    const name = basename(file);
    if (parseSavedName(name) && join(snapshotsDir(resolved), name) === file) return name;
    throw new RangeError(`${JSON.stringify(file)} is no saved snapshot of ${JSON.stringify(resolved)}`);
  });
  const errors = names.length === 0 ? [] : await removeSaved(resolved, names);
  const forgotten: string[] = [];
  const failed: DamagedSnapshot[] = [];
  for (const [index, { file }] of snapshots.entries()) {
    const error = errors[index];
    if (error) failed.push({ file, error });
    else forgotten.push(file);
  }
  return { forgotten, failed };
}

/** Returns the names that saved snapshots have, the newest first. */
async function namesIn(root: string): Promise<SavedName[]> {
  const names = (await savedNames(root)).flatMap((name) => parseSavedName(name) ?? []);
  return names.sort((a, b) => (a.name < b.name ? 1 : -1));
}

/**
 * Returns a saved snapshot, or what is wrong with it; `undefined` if it is gone, or never was one: a saved snapshot has
 * the name and the first bytes of one.
 */
async function tryRead(
  root: string,
  { name, timeMs, id }: SavedName,
  signal: AbortSignal | undefined,
): Promise<{ readonly snapshot: SavedSnapshot } | DamagedSnapshot | undefined> {
  const file = join(snapshotsDir(root), name);
  try {
    const bytes = await readSaved(root, name, beginsAsSaved, signal);
    if (!bytes) return undefined;
    const snapshot = decodeSaved(bytes, root, file);
    if (snapshot.id !== id) throw new Error(`its snapshot id is ${snapshot.id}, unlike its name`);
    if (snapshot.savedAt.getTime() !== timeMs) {
      throw new Error(`it was saved at ${snapshot.savedAt.toISOString()}, unlike its name`);
    }
    return { snapshot };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof SavedSnapshotError)) return { file, error: damage(file, error as Error) };
    return error.code === 'ENOENT' ? undefined : { file, error };
  }
}

function damage(file: string, error: Error): SavedSnapshotError {
  const doing = `Cannot read the saved snapshot ${JSON.stringify(file)}`;
  if (error instanceof OtherVersionError) {
    return new SavedSnapshotError(doing, file, error.message, 'EVERSION', { cause: error });
  }
  const reason = error.message.replace(/^Cannot read the manifest: /, '');
  return new SavedSnapshotError(doing, file, `it is damaged: ${reason}`, 'EDAMAGED', { cause: error });
}

const MOST_IDS = 4;
const SHORT_ID = 'sha256:'.length + 12;

function listOf(ids: ReadonlySet<string>): string {
  const some = [...ids].slice(0, MOST_IDS).map((id) => `${id.slice(0, SHORT_ID)}…`);
  return some.join(', ') + (ids.size > MOST_IDS ? ', …' : '');
}
