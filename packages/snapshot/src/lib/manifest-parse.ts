import { parseTreePath } from '@muse/paths';
import { isObjectId, type ObjectId } from '@muse/stat-cache';
import { MANIFEST_VERSION } from './manifest-format.js';
import { inPathOrder } from './manifest-order.js';
import { computeSnapshotId } from './snapshot-id.js';
import type { Manifest, Problem, Snapshot } from './types.js';

/** What the bytes of a manifest say of a snapshot. */
export type ParsedSnapshot = Pick<Snapshot, 'id' | 'manifest' | 'complete' | 'problems'>;

/**
 * Returns the manifest, in path order, from bytes that `formatManifest` wrote as `json` or `ndjson`; which of the two
 * shows in the bytes. White space within the JSON, the order of files and further keys are free.
 *
 * @throws Error that says where, when a path or an object id is none, when a part is missing, or when the snapshot id
 * in the bytes is not that of the files: such a manifest was cut, edited or damaged.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return parseFacts(bytes).manifest;
}

/**
 * Does what {@link parseManifest} does, and returns besides the snapshot id and what the manifest lacks. Without problems
 * in the bytes it is complete, unless they say that it is not.
 *
 * @throws Error as {@link parseManifest}, and when a problem is none.
 */
export function parseSnapshot(bytes: Uint8Array): ParsedSnapshot {
  const { id, manifest, facts, problems: values } = parseFacts(bytes);
  const problems = values.map(readProblem);
  return { id, manifest, complete: facts['complete'] !== false && problems.length === 0, problems };
}

function parseFacts(bytes: Uint8Array): Pick<Snapshot, 'id' | 'manifest'> & Omit<Parts, 'files'> {
  const { files, facts, problems } = readParts(decode(bytes));
  if (facts['version'] !== MANIFEST_VERSION) {
    return fail(`"version" is ${show(facts['version'])}, and must be ${MANIFEST_VERSION}`);
  }
  const manifest = inPathOrder(files);
  const id = computeSnapshotId(manifest);
  if (facts['snapshot_id'] === id) return { id, manifest, facts, problems };
  return fail(
    `"snapshot_id" is ${show(facts['snapshot_id'])}, and the ${manifest.size} files in it make ${show(id)}`,
  );
}

type JsonObject = Record<string, unknown>;

interface Parts {
  readonly files: Map<string, ObjectId>;
  /** The object that has `version` and `snapshot_id`. */
  readonly facts: JsonObject;
  /** What stands in the place of the problems, not looked at yet. */
  readonly problems: readonly unknown[];
}

function readParts(text: string): Parts {
  let whole;
  try {
    whole = JSON.parse(text) as unknown;
  } catch (error) {
    if (startsWithObjectLine(text)) return readLines(text);
    return fail('it is not JSON', error);
  }
  if (!isJsonObject(whole)) return fail('it is JSON, and must be an object');
  return 'type' in whole ? readLines(text) : readDocument(whole);
}

function readDocument(document: JsonObject): Parts {
  const manifest = document['manifest'];
  if (!isJsonObject(manifest)) return fail(`"manifest" is ${show(manifest)}, and must be an object`);
  const files = new Map<string, ObjectId>();
  for (const [path, objectId] of Object.entries(manifest)) addFile(files, path, objectId, 'in "manifest"');
  const problems = document['problems'] ?? [];
  return { files, facts: document, problems: Array.isArray(problems) ? problems : [problems] };
}

const PROBLEM_KEYS = ['path', 'kind', 'operation', 'code', 'message'] as const;

function readProblem(value: unknown, index: number): Problem {
  const where = `in problem ${index + 1}`;
  if (!isJsonObject(value)) return fail(`${where}: it is ${show(value)}, and must be an object`);
  for (const key of PROBLEM_KEYS) {
    if (typeof value[key] !== 'string') {
      return fail(`${where}: ${show(key)} is ${show(value[key])}, and must be a string`);
    }
  }
  const { path, kind, operation, code, message } = value as unknown as Problem;
  return { path, kind, operation, code, message };
}

function readLines(text: string): Parts {
  const files = new Map<string, ObjectId>();
  const problems: unknown[] = [];
  let facts: JsonObject | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const where = `in line ${index + 1}`;
    if (line.trim() === '') continue;
    if (facts !== undefined) return fail(`${where}: the line of type "snapshot" must be the last`);
    const object = parseLine(line, where);
    if (object['type'] === 'file') addFile(files, object['path'], object['object_id'], where);
    else if (object['type'] === 'snapshot') facts = object;
    else if (object['type'] === 'problem') problems.push(object);
    else {
      return fail(`${where}: "type" is ${show(object['type'])}, and must be "file", "problem" or "snapshot"`);
    }
  }
  return facts === undefined
    ? fail('the line of type "snapshot" is missing at the end')
    : { files, facts, problems };
}

function addFile(files: Map<string, ObjectId>, path: unknown, objectId: unknown, where: string): void {
  if (typeof path !== 'string') return fail(`${where}: "path" is ${show(path)}, and must be a string`);
  try {
    parseTreePath(path);
  } catch (error) {
    return fail(where, error);
  }
  if (files.has(path)) return fail(`${where}: ${show(path)} is there for the second time`);
  if (typeof objectId !== 'string' || !isObjectId(objectId)) {
    const wanted = 'must be "sha256:" and 64 hex digits in lower case';
    return fail(`${where}: the object id of ${show(path)} is ${show(objectId)}, and ${wanted}`);
  }
  files.set(path, objectId);
}

function parseLine(line: string, where: string): JsonObject {
  let value;
  try {
    value = JSON.parse(line) as unknown;
  } catch (error) {
    return fail(`${where}: it is not JSON`, error);
  }
  return isJsonObject(value) ? value : fail(`${where}: it is ${show(value)}, and must be an object`);
}

/** True where the first line is an object by itself, so that more objects may follow. */
function startsWithObjectLine(text: string): boolean {
  const [line = ''] = text.split('\n', 1);
  try {
    return isJsonObject(JSON.parse(line));
  } catch {
    return false;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    return fail('it is not UTF-8', error);
  }
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function fail(reason: string, cause?: unknown): never {
  const detail = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`Cannot read the manifest: ${reason}${detail}`, { cause });
}
