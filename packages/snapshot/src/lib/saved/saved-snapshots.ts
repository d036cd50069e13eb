import { join } from 'node:path';
import { parseTreePath, snapshotsDir } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { resolveRoot } from '@muse/walker';
import type { FormattedSnapshot } from '../manifest-format.js';
import { prepareToSave, readSaved, savedNames, writeSaved } from './saved-directory.js';
import { SavedSnapshotError } from './saved-error.js';
import { decodeSaved, decodeSavedInfo, encodeSaved } from './saved-format.js';
import { newSavedName, parseSavedName, type SavedName } from './saved-name.js';
import type {
  DamagedSnapshot,
  LatestSnapshot,
  LatestSnapshotOptions,
  SavedSnapshot,
  SavedSnapshotInfo,
  SavedSnapshotList,
  SaveSnapshotOptions,
} from './saved-types.js';

/**
 * Saves a snapshot under `.muse/snapshots` of a root, which must have a `.muse`. It is there as a whole once this
 * resolves, whatever happens to the process or the machine, and others may save at the same time.
 *
 * Rejects with a {@link SavedSnapshotError}, and with the reason of `signal`; then nothing is saved.
 */
export async function saveSnapshot(
  root: string,
  snapshot: FormattedSnapshot,
  { note = '', subtree = '', signal, temporaryFiles }: SaveSnapshotOptions = {},
): Promise<SavedSnapshotInfo> {
  signal?.throwIfAborted();
  if (subtree !== '') parseTreePath(subtree);
  const resolved = (await resolveRoot(root)).root;
  await prepareToSave(resolved);
  const newest = (await namesIn(resolved)).at(0)?.timeMs;
  const savedAt = new Date();
  const name = newSavedName(snapshot.id, savedAt.getTime(), newest);
  const chunks = encodeSaved(snapshot, { savedAt, note, subtree });
  await writeSaved(resolved, name, chunks, { signal, temporaryFiles });
  return {
    id: snapshot.id,
    savedAt,
    note,
    subtree,
    complete: snapshot.complete,
    files: snapshot.manifest.size,
    bytes: snapshot.stats.bytes,
    file: join(snapshotsDir(resolved), name),
  };
}

/**
 * Returns the saved snapshots of a root, the newest first. Each file is read and checked by its checksum; one that is
 * damaged is told of, and the others are there all the same.
 *
 * Rejects with a {@link SavedSnapshotError} when `.muse/snapshots` cannot be listed or is no real directory.
 */
export async function listSavedSnapshots(
  root: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SavedSnapshotList> {
  const resolved = (await resolveRoot(root)).root;
  const snapshots: SavedSnapshotInfo[] = [];
  const damaged: DamagedSnapshot[] = [];
  for (const name of await filesIn(resolved)) {
    const found = await tryRead(resolved, name, decodeSavedInfo, signal);
    if (found && 'error' in found) damaged.push(found);
    else if (found) snapshots.push(found);
  }
  return { snapshots, damaged };
}

/**
 * Returns the saved snapshot with this id. The beginning of the id is enough where no other has the same, with or without
 * `sha256:`. Of several that were saved of the same content it is the newest.
 *
 * Rejects with a {@link SavedSnapshotError}: `ENOSNAPSHOT`, `EAMBIGUOUS`, or what is wrong with the one that has the id.
 */
export async function readSavedSnapshot(
  root: string,
  id: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SavedSnapshot> {
  const resolved = (await resolveRoot(root)).root;
  const directory = snapshotsDir(resolved);
  const doing = `Cannot find the saved snapshot ${JSON.stringify(id)} in ${JSON.stringify(directory)}`;
  const digits = id.replace(/^sha256:/, '');
  const isPrefix = /^[0-9a-f]{1,64}$/.test(digits);
  const matching = (await namesIn(resolved)).filter(
    (name) => isPrefix && name.id.startsWith(`sha256:${digits}`),
  );
  const ids = new Set(matching.map((name) => name.id));
  if (ids.size > 1) {
    const reason = `${ids.size} snapshots begin like that: ${listOf(ids)}`;
    throw new SavedSnapshotError(doing, directory, reason, 'EAMBIGUOUS');
  }
  let damage: DamagedSnapshot | undefined;
  for (const { name } of matching) {
    const found = await tryRead(resolved, name, decodeSaved, signal);
    if (found && !('error' in found)) return found;
    damage ??= found;
  }
  if (damage) throw damage.error;
  throw new SavedSnapshotError(doing, directory, 'there is none', 'ENOSNAPSHOT');
}

/**
 * Returns the latest saved snapshot that has a directory in it: the root, unless `subtree` names another. Newer ones that
 * cannot be read are passed over, and told of.
 */
export async function latestSavedSnapshot(
  root: string,
  { subtree = '', signal }: LatestSnapshotOptions = {},
): Promise<LatestSnapshot> {
  const resolved = (await resolveRoot(root)).root;
  const decodeWithin = (bytes: Buffer, file: string) => {
    const info = decodeSavedInfo(bytes, file);
    return isWithin(subtree, info.subtree) ? decodeSaved(bytes, file, info) : undefined;
  };
  const damaged: DamagedSnapshot[] = [];
  for (const name of await filesIn(resolved)) {
    const found = await tryRead(resolved, name, decodeWithin, signal);
    if (found && 'error' in found) damaged.push(found);
    else if (found) return { snapshot: found, damaged };
  }
  return { snapshot: undefined, damaged };
}

function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** Returns the files that are to be saved snapshots, the newest first. */
async function filesIn(root: string): Promise<string[]> {
  return (await savedNames(root))
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .sort()
    .reverse();
}

async function namesIn(root: string): Promise<SavedName[]> {
  return (await filesIn(root)).flatMap((name) => parseSavedName(name) ?? []);
}

/** Returns what `decode` makes of a file, or what is wrong with it; `undefined` where it is gone by now. */
async function tryRead<T extends { readonly id: ObjectId } | undefined>(
  root: string,
  name: string,
  decode: (bytes: Buffer, file: string) => T,
  signal: AbortSignal | undefined,
): Promise<T | DamagedSnapshot | undefined> {
  const file = join(snapshotsDir(root), name);
  try {
    const expected = parseSavedName(name);
    if (!expected) throw new Error('its name is not that of a saved snapshot');
    const decoded = decode(await readSaved(root, name, signal), file);
    if (decoded && decoded.id !== expected.id)
      throw new Error(`its snapshot id is ${decoded.id}, unlike its name`);
    return decoded;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof SavedSnapshotError)) return { file, error: damage(file, error as Error) };
    return error.code === 'ENOENT' ? undefined : { file, error };
  }
}

function damage(file: string, error: Error): SavedSnapshotError {
  const doing = `Cannot read the saved snapshot ${JSON.stringify(file)}`;
  return new SavedSnapshotError(doing, file, `it is damaged: ${error.message}`, 'EDAMAGED', { cause: error });
}

const MOST_IDS = 4;
const SHORT_ID = 'sha256:'.length + 12;

function listOf(ids: ReadonlySet<string>): string {
  const some = [...ids].slice(0, MOST_IDS).map((id) => `${id.slice(0, SHORT_ID)}…`);
  return some.join(', ') + (ids.size > MOST_IDS ? ', …' : '');
}
