import { createHash } from 'node:crypto';
import { parseTreePath } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { type FormattedSnapshot, inChunks, jsonPieces, MANIFEST_VERSION } from '../manifest/format.js';
import { asSnapshot, parseFacts } from '../manifest/parse.js';
import type { Manifest, RuleText, TreeOptions } from '../types.js';
import { decodeOptions, encodeOptions } from '../take/tree-options.js';

/**
 * A saved snapshot is a manifest in the `json` format with more keys: `saved_at`, `note`, `subtree`, `options` and
 * `rules` at the beginning, and `checksum` at the end, the SHA-256 of all bytes before `,"checksum"`. The snapshot id
 * vouches for the manifest, and the checksum for everything.
 */

/** The facts that a saver adds to a snapshot. */
export type SavedFacts = Pick<SavedSnapshotInfo, 'savedAt' | 'note' | 'subtree' | 'options' | 'rules'>;

const BEGINNING = /^\{"version":(\d+),"saved_at":"/;
const CHECKSUM_KEY = ',"checksum":"';
const CHECKSUM_DIGITS = 64;
const END = '"}\n';
const TAIL_LENGTH = CHECKSUM_KEY.length + CHECKSUM_DIGITS + END.length;

/** Returns whether a file with these first bytes is, or was, a saved snapshot. */
export function beginsAsSaved(bytes: Buffer): boolean {
  return BEGINNING.test(beginning(bytes));
}

function beginning(bytes: Buffer): string {
  return bytes.toString('latin1', 0, 64);
}

/** Thrown for a saved snapshot whose bytes are intact, and in another version of the format than this one. */
export class OtherVersionError extends Error {
  override readonly name = 'OtherVersionError';

  constructor(version: string) {
    super(`it is in version ${version} of the format, which this Muse does not read`);
  }
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

/** Yields the pieces of a document without its last brace. */
function* withoutEnd(pieces: Iterable<string>): Iterable<string> {
  let last = '';
  for (const piece of pieces) {
    yield last;
    last = piece;
  }
  yield last.slice(0, last.lastIndexOf('}'));
}

/** Returns a saved snapshot from its bytes. Throws if its checksum or snapshot id is wrong, or a key is repeated. */
export function decodeSaved(bytes: Buffer, root: string, file: string): SavedSnapshot {
  checkSum(bytes);
  const [, version = ''] = BEGINNING.exec(beginning(bytes)) ?? [];
  if (version !== String(MANIFEST_VERSION)) throw new OtherVersionError(version);
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

/** Returns the rules' digests. Throws if one is malformed. */
export function decodeRules(encoded: unknown): RuleText[] {
  if (!Array.isArray(encoded)) throw new Error('the digests of its rules are missing');
  return encoded.map((each: unknown) => {
    const { file, digest } = (each ?? {}) as Record<string, unknown>;
    if (typeof file !== 'string' || typeof digest !== 'string')
      throw new Error('a digest of its rules is none');
    return { file, digest };
  });
}

/** A saved snapshot without its files. */
export interface SavedSnapshotInfo {
  /** The snapshot id. Snapshots of the same content have the same, however often they were saved. */
  readonly id: ObjectId;
  /**
   * When it was saved, to the millisecond, by the clock of the machine; always after the one before it, even if that
   * clock was set back.
   */
  readonly savedAt: Date;
  /** The saver's note on it; `''` for none. */
  readonly note: string;
  /** The tree path of the directory that it is of; `''` is the root. */
  readonly subtree: string;
  /** The options that it was taken with; their paths are absolute. */
  readonly options: TreeOptions;
  /** The texts that its rules were made of. */
  readonly rules: readonly RuleText[];
  /** True if it has every file, so that there were no problems. */
  readonly complete: boolean;
  /** Files in its manifest. */
  readonly files: number;
  /** Bytes of those files. */
  readonly bytes: number;
  /** The native path of the file that it is saved in. */
  readonly file: string;
}

/** A whole saved snapshot. Its id was computed again from its manifest, and is the one that it was saved with. */
export interface SavedSnapshot extends SavedSnapshotInfo {
  readonly manifest: Manifest;
  readonly problems: readonly Problem[];
}
