import { createHash } from 'node:crypto';
import { parseTreePath } from '@muse/paths';
import { inChunks, jsonPieces, type FormattedSnapshot } from '../manifest-format.js';
import { asSnapshot, parseFacts } from '../manifest-parse.js';
import { decodeOptions, decodeRules, encodeOptions } from './saved-options.js';
import type { SavedSnapshot, SavedSnapshotInfo } from './saved-types.js';

/**
 * A saved snapshot is the `json` format of a manifest with some more keys: `saved_at`, `note`, `subtree`, `options` and
 * `rules` at the beginning, and at the end `checksum`, the SHA-256 of all bytes before `,"checksum"`. The snapshot id vouches for the
 * manifest, and the checksum for the rest, too.
 */

/** What a saver adds to a snapshot. */
export type SavedFacts = Pick<SavedSnapshotInfo, 'savedAt' | 'note' | 'subtree' | 'options' | 'rules'>;

const BEGINNING = /^\{"version":\d+,"saved_at":"/;
const CHECKSUM_KEY = ',"checksum":"';
const CHECKSUM_DIGITS = 64;
const END = '"}\n';
const TAIL_LENGTH = CHECKSUM_KEY.length + CHECKSUM_DIGITS + END.length;

/** Tells by its first bytes whether a file is, or was, a saved snapshot. */
export function beginsAsSaved(bytes: Buffer): boolean {
  return BEGINNING.test(bytes.toString('latin1', 0, 64));
}

/** Returns the bytes of a saved snapshot, in chunks that are made one at a time. */
export function* encodeSaved(
  snapshot: FormattedSnapshot,
  root: string,
  { savedAt, note, subtree, options, rules }: SavedFacts,
): Iterable<Uint8Array> {
  const hash = createHash('sha256');
  const more = {
    saved_at: savedAt.toISOString(),
    note,
    subtree,
    options: encodeOptions(root, options),
    rules,
  };
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

/** Returns a saved snapshot from its bytes: the checksum is right, the snapshot id as well, and each key is there once. */
export function decodeSaved(bytes: Buffer, root: string, file: string): SavedSnapshot {
  checkSum(bytes);
  const parsed = parseFacts(bytes);
  const snapshot = asSnapshot(parsed);
  const { saved_at: time, note, subtree, complete, files, bytes: size } = parsed.facts;
  const savedAt = new Date(typeof time === 'string' ? time : NaN);
  if (
    Number.isNaN(savedAt.getTime()) ||
    typeof note !== 'string' ||
    typeof subtree !== 'string' ||
    !isCount(files) ||
    !isCount(size)
  ) {
    return fail('what it says of the snapshot is not complete');
  }
  if (subtree !== '') parseTreePath(subtree);
  const options = decodeOptions(root, parsed.facts['options']);
  const rules = decodeRules(parsed.facts['rules']);
  if (files !== snapshot.manifest.size)
    fail(`it has ${snapshot.manifest.size} files, and "files" is ${files}`);
  if (complete !== snapshot.complete) fail('"complete" is not what its problems say');
  return { ...snapshot, savedAt, note, subtree, options, rules, files, bytes: size, file };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checkSum(bytes: Buffer): void {
  const tail = bytes.subarray(-TAIL_LENGTH).toString('latin1');
  const isWhole = tail.startsWith(CHECKSUM_KEY) && tail.endsWith(END);
  if (!isWhole) fail('its end is missing');
  const checksum = createHash('sha256').update(bytes.subarray(0, -TAIL_LENGTH)).digest('hex');
  if (tail.slice(CHECKSUM_KEY.length, -END.length) !== checksum) {
    fail('its checksum is not that of its bytes');
  }
}

function fail(reason: string): never {
  throw new Error(reason);
}
