import { treePathToBytes } from '@muse/paths';
import { inPathOrder } from './manifest.js';
import type { Snapshot } from '../types.js';

/**
 * The formats of a written snapshot:
 * - `json`: one document, with a line for each file and problem.
 * - `ndjson`: an object a line: the files, the problems, and the snapshot itself as the last.
 * - `sha256sum`: the files alone, as `sha256sum -c` of coreutils 9 reads them.
 */
export type ManifestFormat = 'json' | 'ndjson' | 'sha256sum';

/** The part of a snapshot that is written. */
export type FormattedSnapshot = Pick<Snapshot, 'id' | 'manifest' | 'complete' | 'problems' | 'stats'>;

/** The `version` of the `json` and `ndjson` formats. */
export const MANIFEST_VERSION = 1;

const WRITERS: Record<ManifestFormat, (snapshot: FormattedSnapshot) => Iterable<string>> = {
  json: (snapshot) => jsonPieces(snapshot),
  ndjson: ndjsonPieces,
  sha256sum: sha256sumPieces,
};

/** Text is collected up to this many UTF-16 units before it becomes a chunk. */
const CHUNK_LENGTH = 65_536;

/**
 * Returns a snapshot as bytes, in chunks of some 64 KiB that are made one at a time, files in path order.
 *
 * They are bytes because the `sha256sum` format has each name as the file system has it, which may be no UTF-8. The
 * other two are UTF-8, and write a byte that does not decode as `\udcXX`. Keys in them are in snake case.
 */
export function formatManifest(snapshot: FormattedSnapshot, format: ManifestFormat): Iterable<Uint8Array> {
  return inChunks(WRITERS[format](snapshot));
}

/** Returns pieces of text as bytes, in chunks of some 64 KiB. */
export function* inChunks(pieces: Iterable<string>): Iterable<Uint8Array> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK_LENGTH) continue;
    yield treePathToBytes(text);
    text = '';
  }
  if (text !== '') yield treePathToBytes(text);
}

/** Yields the `json` format; `more` comes right after its version. */
export function* jsonPieces(
  { id, manifest, complete, problems, stats }: FormattedSnapshot,
  more: object = {},
): Iterable<string> {
  const head = {
    version: MANIFEST_VERSION,
    ...more,
    snapshot_id: id,
    complete,
    files: manifest.size,
    bytes: stats.bytes,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"manifest":{`;
  let separator = '\n';
  for (const [path, objectId] of inPathOrder(manifest)) {
    yield `${separator}${JSON.stringify(path)}:"${objectId}"`;
    separator = ',\n';
  }
  yield '},"problems":[';
  separator = '\n';
  for (const problem of problems) {
    yield separator + JSON.stringify(problem);
    separator = ',\n';
  }
  yield `],"stats":${JSON.stringify(snakeCaseKeys(stats))}}\n`;
}

function* ndjsonPieces({ id, manifest, complete, problems, stats }: FormattedSnapshot): Iterable<string> {
  for (const [path, objectId] of inPathOrder(manifest)) {
    yield `{"type":"file","path":${JSON.stringify(path)},"object_id":"${objectId}"}\n`;
  }
  for (const problem of problems) yield `${JSON.stringify({ type: 'problem', ...problem })}\n`;
  const end = {
    type: 'snapshot',
    version: MANIFEST_VERSION,
    snapshot_id: id,
    complete,
    files: manifest.size,
    bytes: stats.bytes,
    stats: snakeCaseKeys(stats),
  };
  yield `${JSON.stringify(end)}\n`;
}

function* sha256sumPieces({ manifest }: FormattedSnapshot): Iterable<string> {
  for (const [path, objectId] of inPathOrder(manifest)) {
    const digest = objectId.slice('sha256:'.length);
    if (NEEDS_ESCAPES.test(path)) yield `\\${digest}  ${path.replace(/[\\\n\r]/g, escaped)}\n`;
    // By itself a hyphen is the standard input.
    else yield `${digest}  ${path === '-' ? './-' : path}\n`;
  }
}

const NEEDS_ESCAPES = /[\\\n\r]/;

function escaped(character: string): string {
  return character === '\\' ? '\\\\' : character === '\n' ? '\\n' : '\\r';
}

/** Returns plain data with its keys, at every depth, in snake case, `hashedFiles` and `cache-reset` get an underscore, and numbers with at most three decimals. */
export function snakeCaseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCaseKeys);
  // Of a time in milliseconds, what is beyond a microsecond is noise.
  if (typeof value === 'number') return Number.isInteger(value) ? value : Math.round(value * 1000) / 1000;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeCaseKeys(inner)]),
  );
}

function snakeCase(key: string): string {
  return key.replaceAll('-', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
