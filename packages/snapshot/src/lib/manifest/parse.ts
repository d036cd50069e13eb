import { isUtf8 } from 'node:buffer';
import { parseTreePath, withPath } from '@muse/paths';
import { isObjectId, type ObjectId } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { MANIFEST_VERSION } from './format.js';
import { byteAt, computeSnapshotId, inPathOrder } from './manifest.js';
import type { Manifest, Snapshot } from '../types.js';

/** Bytes of a manifest that are read at most: more than two million files. */
export const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

/** A snapshot as the bytes of its manifest describe it. */
export type ParsedSnapshot = Pick<Snapshot, 'id' | 'manifest' | 'complete' | 'problems'>;

/**
 * Returns the manifest, in path order, from bytes that `formatManifest` wrote as `json` or `ndjson`; which of the two
 * shows in the bytes. White space within the JSON, the order of files and further keys are free.
 *
 * @throws Error that says where, when a path or an object id is malformed, when a part is missing, or when the snapshot
 * id in the bytes is not that of the files: such a manifest was cut, edited or damaged.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return parseFacts(bytes).manifest;
}

/**
 * Returns what {@link parseManifest} does, with the snapshot id and the problems. It is complete if there are no
 * problems, unless the bytes say that it is not.
 *
 * @throws Error as {@link parseManifest}, and when a problem is malformed.
 */
export function parseSnapshot(bytes: Uint8Array): ParsedSnapshot {
  return asSnapshot(parseFacts(bytes));
}

/** Returns the snapshot. Throws if one of its problems is malformed. */
export function asSnapshot({
  id,
  manifest,
  facts,
  problems,
  fault,
}: ReturnType<typeof parseFacts>): ParsedSnapshot {
  if (fault) throw fault;
  return { id, manifest, complete: facts['complete'] !== false && problems.length === 0, problems };
}

/** Returns all that the bytes of a manifest say, and {@link FACTS} as they stand there. */
export function parseFacts(bytes: Uint8Array): Pick<Snapshot, 'id' | 'manifest'> & Omit<Parts, 'files'> {
  const { files, facts, ...problems } = readParts(asUtf8(bytes));
  if (facts['version'] !== MANIFEST_VERSION) {
    return fail(`"version" is ${show(facts['version'])}, and must be ${MANIFEST_VERSION}`);
  }
  const manifest = inPathOrder(files);
  const id = computeSnapshotId(manifest);
  if (facts['snapshot_id'] === id) return { id, manifest, facts, ...problems };
  return fail(
    `"snapshot_id" is ${show(facts['snapshot_id'])}, and the ${manifest.size} files in it make ${show(id)}`,
  );
}

type JsonObject = Record<string, unknown>;

/** The keys that are kept. Other values are read and dropped. */
const FACTS: ReadonlySet<string> = new Set([
  'type',
  'version',
  'snapshot_id',
  'complete',
  'files',
  'bytes',
  'manifest',
  'problems',
  'saved_at',
  'note',
  'subtree',
  'options',
  'rules',
]);

interface Parts {
  readonly files: Map<string, ObjectId>;
  /** The object that has `version` and `snapshot_id`. */
  readonly facts: JsonObject;
  readonly problems: readonly Problem[];
  /** The error for the first of the problems that is malformed. */
  readonly fault: Error | undefined;
}

/** Collects problems up to the first malformed one. */
class ProblemList {
  readonly problems: Problem[] = [];
  fault: Error | undefined;

  add(value: unknown): void {
    if (this.fault) return;
    try {
      this.problems.push(readProblem(value, this.problems.length));
    } catch (error) {
      this.fault = error as Error;
    }
  }
}

function readParts(bytes: Buffer): Parts {
  const reader = new JsonReader(bytes);
  const isWhole = (): boolean => reader.peek() === '';
  if (reader.peek() !== '{') {
    asJson('it is not JSON', () => reader.value());
    return fail(isWhole() ? 'it is JSON, and must be an object' : 'it is not JSON');
  }
  const parts = readDocument(reader);
  if ('type' in parts.facts || reader.peek() === '{') return readLines(bytes);
  if (!isWhole()) return fail('it is not JSON: there is more after its end');
  if (parts.files === undefined) {
    return fail(`"manifest" is ${show(parts.facts['manifest'])}, and must be an object`);
  }
  return { ...parts, files: parts.files };
}

function readDocument(reader: JsonReader): Omit<Parts, 'files'> & { files: Parts['files'] | undefined } {
  const facts: JsonObject = Object.create(null) as JsonObject;
  const list = new ProblemList();
  let files: Map<string, ObjectId> | undefined;
  const keys = new Keys();
  asJson('it is not JSON', () => {
    reader.object((key) => {
      keys.add(key);
      const next = reader.peek();
      if (key === 'manifest' && next === '{') {
        let found = new Map<string, ObjectId>();
        reader.object((path) => {
          found = addFile(found, path, reader.value(), 'in "manifest"');
        });
        files = found;
      } else if (key === 'problems' && next === '[') {
        reader.array(() => {
          list.add(reader.value());
        });
      } else {
        const value = reader.value();
        if (FACTS.has(key)) facts[key] = value;
      }
    });
  });
  const other = facts['problems'];
  if (other !== undefined && other !== null) list.add(other);
  return { files, facts, problems: list.problems, fault: list.fault };
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

function readLines(bytes: Buffer): Parts {
  let files = new Map<string, ObjectId>();
  const list = new ProblemList();
  let facts: JsonObject | undefined;
  let number = 0;
  for (let from = 0; from < bytes.length;) {
    const feed = bytes.indexOf(0x0a, from);
    const to = feed < 0 ? bytes.length : feed;
    const where = `in line ${++number}`;
    const object = readLine(bytes, from, to, where);
    from = to + 1;
    if (object === undefined) continue;
    if (facts !== undefined) return fail(`${where}: the line of type "snapshot" must be the last`);
    if (object['type'] === 'file') files = addFile(files, object['path'], object['object_id'], where);
    else if (object['type'] === 'snapshot') facts = object;
    else if (object['type'] === 'problem') list.add(object);
    else {
      return fail(`${where}: "type" is ${show(object['type'])}, and must be "file", "problem" or "snapshot"`);
    }
  }
  return facts === undefined
    ? fail('the line of type "snapshot" is missing at the end')
    : { files, facts, problems: list.problems, fault: list.fault };
}

/** Returns the object of a line; undefined where there is none. */
function readLine(bytes: Buffer, from: number, to: number, where: string): JsonObject | undefined {
  const reader = new JsonReader(bytes, from, to);
  const first = reader.peek();
  if (first === '') return undefined;
  const object = Object.create(null) as JsonObject;
  asJson(`${where}: it is not JSON`, () => {
    if (first !== '{') return fail(`${where}: it is ${show(reader.value())}, and must be an object`);
    const keys = new Keys(`${where}: `);
    reader.object((key) => {
      keys.add(key);
      object[key] = reader.value();
    });
    if (reader.peek() !== '') fail(`${where}: it is more than one object`);
  });
  return object;
}

/** Returns the files with one more. */
function addFile(
  files: Map<string, ObjectId>,
  path: unknown,
  objectId: unknown,
  where: string,
): Map<string, ObjectId> {
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
  return withPath(files, path, objectId);
}

/** Bytes of the mark that some programs put before UTF-8. */
export const UTF8_MARK = Buffer.of(0xef, 0xbb, 0xbf);
const MOST_KEYS = 100;

/** The keys of an object so far. */
class Keys {
  readonly #where: string;
  readonly #keys = new Set<string>();

  constructor(where = '') {
    this.#where = where;
  }

  add(key: string): void {
    if (this.#keys.has(key)) fail(`${this.#where}the key ${show(key)} is there for the second time`);
    this.#keys.add(key);
    if (this.#keys.size > MOST_KEYS) fail(`${this.#where}there are more than ${MOST_KEYS} keys`);
  }
}

/** Runs a reader of JSON, and adds what was being read to its error. */
function asJson(what: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    fail(what, error);
  }
}

function asUtf8(bytes: Uint8Array): Buffer {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    return fail(`it has ${bytes.length} bytes, and ${MAX_MANIFEST_BYTES} are read at most`);
  }
  if (!isUtf8(bytes)) return fail('it is not UTF-8');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? buffer.subarray(UTF8_MARK.length) : buffer;
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a value as JSON, cut after 200 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function fail(reason: string, cause?: unknown): never {
  const detail = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`Cannot read the manifest: ${reason}${detail}`, { cause });
}

/** Most bytes of one value that is parsed whole, which may take some twenty times as much memory. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** Most levels of such a value, which is walked by recursion. None of ours has more than four. */
const MAX_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads JSON piece by piece, so that a large document takes no more memory than what is kept of it. Stricter than
 * `JSON.parse` in one respect: an object must not repeat a key.
 *
 * The caller checks that the bytes are UTF-8.
 *
 * Every method throws a SyntaxError that says what is wrong and at which byte.
 */
export class JsonReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /** Returns the first byte of what comes next, as text; `''` at the end. */
  peek(): string {
    for (; this.#at < this.#end; this.#at++) {
      const byte = byteAt(this.#bytes, this.#at);
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return String.fromCharCode(byte);
    }
    return '';
  }

  /** Reads an object. `onMember` must read the value, and refuse a key that it was given before. */
  object(onMember: (key: string) => void): void {
    this.#list('{', '}', () => {
      const key = this.string();
      this.#expect(':');
      onMember(key);
    });
  }

  /** Reads an array. `onElement` must read the element. */
  array(onElement: () => void): void {
    this.#list('[', ']', onElement);
  }

  string(): string {
    this.#expect('"');
    const bytes = this.#bytes;
    const start = this.#at;
    const end = this.#end;
    let isEscaped = false;
    let all = 0;
    for (let at = start; at < end; at++) {
      const byte = byteAt(bytes, at);
      all |= byte;
      if (byte === QUOTE) {
        this.#at = at + 1;
        if (isEscaped) return this.#parse(start - 1, at + 1) as string;
        // Faster, and the same, where all is ASCII.
        return bytes.toString(all < 0x80 ? 'latin1' : 'utf8', start, at);
      }
      if (byte === BACKSLASH) {
        isEscaped = true;
        at++;
      } else if (byte < 0x20) {
        throw new SyntaxError(`a control character within a string at byte ${at}`);
      }
    }
    throw new SyntaxError('a string has no end');
  }

  /** Reads any value. */
  value(): unknown {
    if (this.peek() === '"') return this.string();
    const from = this.#at;
    const colons = this.#skipValue();
    const value = this.#parse(from, this.#at);
    if (colons !== membersIn(value)) throw new SyntaxError(`the object at byte ${from} has a key twice`);
    return value;
  }

  #parse(from: number, to: number): unknown {
    try {
      return JSON.parse(this.#bytes.toString('utf8', from, to));
    } catch (cause) {
      throw new SyntaxError(`no value at byte ${from}`, { cause });
    }
  }

  /** Skips a value by its brackets and quotes alone, and returns how many members the objects in it have. */
  #skipValue(): number {
    const from = this.#at;
    let depth = 0;
    let colons = 0;
    do {
      if (this.#at - from > MAX_VALUE_BYTES) {
        throw new SyntaxError(`the value at byte ${from} has more than ${MAX_VALUE_BYTES} bytes`);
      }
      const next = this.peek();
      if (next === '') break;
      if (next === '"') {
        this.string();
        continue;
      }
      if (depth === 0 && (next === ',' || next === '}' || next === ']')) break;
      if (next === '{' || next === '[') depth++;
      else if (next === '}' || next === ']') depth--;
      else if (next === ':') colons++;
      if (depth > MAX_DEPTH) {
        throw new SyntaxError(`the value at byte ${from} has more than ${MAX_DEPTH} levels`);
      }
      this.#at++;
      if (depth === 0 && (next === '}' || next === ']')) break;
    } while (this.#at < this.#end);
    return colons;
  }

  #list(open: string, close: string, onItem: () => void): void {
    this.#expect(open);
    if (this.peek() === close) {
      this.#at++;
      return;
    }
    for (;;) {
      onItem();
      if (this.peek() !== ',') break;
      this.#at++;
    }
    this.#expect(close);
  }

  #expect(character: string): void {
    const next = this.peek();
    if (next === character) this.#at++;
    else if (next === '') throw new SyntaxError(`it ends where '${character}' should be`);
    else throw new SyntaxError(`not '${character}' at byte ${this.#at}`);
  }
}

function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner: unknown[] = Object.values(value);
  let members = Array.isArray(value) ? 0 : inner.length;
  for (const each of inner) members += membersIn(each);
  return members;
}
