import { createHash, type Hash } from 'node:crypto';
import { parseTreePath } from '@muse/paths';
import { isObjectId } from '@muse/stat-cache';
import { inChunks, jsonPieces, MANIFEST_VERSION, type FormattedSnapshot } from '../manifest-format.js';
import { parseSnapshot } from '../manifest-parse.js';
import type { SavedSnapshot, SavedSnapshotInfo } from './saved-types.js';

/**
 * A saved snapshot is the `json` format of a manifest with some more keys: `saved_at`, `note` and `subtree` at the
 * beginning, and at the end `checksum`, the SHA-256 of all bytes before `,"checksum"`. The snapshot id vouches for the
 * manifest; the checksum vouches for the rest too, and takes a tenth of the time, so that all can be listed.
 */

/** What a saver adds to a snapshot. */
export type SavedFacts = Pick<SavedSnapshotInfo, 'savedAt' | 'note' | 'subtree'>;

const MANIFEST_KEY = ',"manifest":{';
const CHECKSUM_KEY = ',"checksum":"';
const CHECKSUM_DIGITS = 64;
const END = '"}\n';
const TAIL_LENGTH = CHECKSUM_KEY.length + CHECKSUM_DIGITS + END.length;

/** Returns the bytes of a saved snapshot, in chunks that are made one at a time. */
export function* encodeSaved(
  snapshot: FormattedSnapshot,
  { savedAt, note, subtree }: SavedFacts,
): Iterable<Uint8Array> {
  const hash = createHash('sha256');
  const more = { saved_at: savedAt.toISOString(), note, subtree };
  for (const chunk of inChunks(withoutEnd(jsonPieces(snapshot, more)))) {
    hash.update(chunk);
    yield chunk;
  }
  yield Buffer.from(CHECKSUM_KEY + hash.digest('hex') + END);
}

/** The last piece ends with the brace that closes the document. */
function* withoutEnd(pieces: Iterable<string>): Iterable<string> {
  let last = '';
  for (const piece of pieces) {
    yield last;
    last = piece;
  }
  yield last.slice(0, last.lastIndexOf('}'));
}

/** Returns what the bytes of a saved snapshot say of it, checked by their checksum, without looking at the files in it. */
export function decodeSavedInfo(bytes: Buffer, file: string): SavedSnapshotInfo {
  checkSum(bytes);
  return readHead(bytes, file);
}

/** Returns a saved snapshot from its bytes: the checksum is right, and so is the snapshot id. */
export function decodeSaved(
  bytes: Buffer,
  file: string,
  info: SavedSnapshotInfo = decodeSavedInfo(bytes, file),
): SavedSnapshot {
  const { manifest, problems } = parseSnapshot(bytes);
  if (manifest.size !== info.files) fail(`it has ${manifest.size} files, and "files" is ${info.files}`);
  return { ...info, manifest, problems };
}

function checkSum(bytes: Buffer): void {
  const tail = bytes.subarray(-TAIL_LENGTH).toString('latin1');
  const isWhole = tail.startsWith(CHECKSUM_KEY) && tail.endsWith(END);
  if (!isWhole) fail('its end is missing');
  const hash: Hash = createHash('sha256').update(bytes.subarray(0, -TAIL_LENGTH));
  if (tail.slice(CHECKSUM_KEY.length, -END.length) !== hash.digest('hex')) {
    fail('its checksum is not that of its bytes');
  }
}

function readHead(bytes: Buffer, file: string): SavedSnapshotInfo {
  // Within a text the quotes would be escaped.
  const head = JSON.parse(`${bytes.subarray(0, bytes.indexOf(MANIFEST_KEY)).toString()}}`) as Readonly<
    Record<string, unknown>
  >;
  const { version, saved_at: time, note, subtree, snapshot_id: id, complete, files, bytes: size } = head;
  if (version !== MANIFEST_VERSION) {
    fail(`"version" is ${JSON.stringify(version)}, and must be ${MANIFEST_VERSION}`);
  }
  const savedAt = new Date(typeof time === 'string' ? time : NaN);
  const isRight =
    !Number.isNaN(savedAt.getTime()) &&
    typeof note === 'string' &&
    typeof subtree === 'string' &&
    typeof id === 'string' &&
    isObjectId(id) &&
    typeof complete === 'boolean' &&
    typeof files === 'number' &&
    typeof size === 'number';
  if (!isRight) return fail('what it says of the snapshot is not complete');
  if (subtree !== '') parseTreePath(subtree);
  return { id, savedAt, note, subtree, complete, files, bytes: size, file };
}

function fail(reason: string): never {
  throw new Error(reason);
}
