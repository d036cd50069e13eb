import type { CacheContents, DecodeResult } from '@muse/stat-cache';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { checkDeferred, isSame } from './check-deferred.js';
import { canonicalText, withoutChecksum, type NaiveEntry } from './canonical-writer.js';
import { readNaively, TOO_DEEP, type Reading } from './naive-reader.js';

/** What was seen of one text. */
export interface Checked {
  /** What is wrong with the decoder, in a sentence; `undefined` where nothing is. */
  readonly fault: string | undefined;
  /** Whether the decoder took the text. */
  readonly taken: boolean;
}

/** No text may take longer, whatever is in it. */
const MAX_MILLISECONDS = 1000;
/** Bytes of memory that the decoder may take for a byte of text, beyond a fixed amount. */
const MAX_BYTES_A_BYTE = 64;
const MAX_FIXED_BYTES = 32 * 1024 * 1024;
/** Texts smaller than this cannot show that memory is out of proportion. */
const LARGE_BYTES = 32 * 1024;

const REASONS = ['unreadable', 'not-json', 'version', 'shape', 'checksum', 'too-large'];
const ABSENT = [
  '',
  'nothing',
  '__proto__',
  'toString',
  '\ud800',
  '\udcff\udcff',
  '\0',
  '"',
  'é'.repeat(500),
  'a'.repeat(5000),
];

/** Decodes a text and compares the answer with that of the naive reader, and with the text without its checksum. */
export function check(bytes: Buffer): Checked {
  const memory = bytes.length < LARGE_BYTES ? undefined : memoryInUse();
  const started = performance.now();
  let decoded: DecodeResult;
  try {
    decoded = decodeAll(bytes);
  } catch (error) {
    return { fault: `decode threw ${String(error)}`, taken: false };
  }
  const milliseconds = performance.now() - started;
  const held = memory === undefined ? 0 : memoryInUse() - memory;
  const reading = readNaively(bytes);
  return {
    fault: expense(bytes, milliseconds, held) ?? difference(bytes, decoded, reading),
    taken: 'contents' in decoded,
  };
}

/** Decodes a text and checks all that is in it. */
function decodeAll(bytes: Buffer): DecodeResult {
  const decoded = jsonV3Codec.decode(bytes);
  return 'contents' in decoded ? (decoded.contents.verify?.() ?? decoded) : decoded;
}

function memoryInUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function expense(bytes: Buffer, milliseconds: number, taken: number): string | undefined {
  if (taken > MAX_FIXED_BYTES + MAX_BYTES_A_BYTE * bytes.length)
    return 'decode took memory out of proportion';
  return milliseconds > MAX_MILLISECONDS && isSlowAgain(bytes) ? 'decode took more than a second' : undefined;
}

/** A busy machine can make anything slow once. */
function isSlowAgain(bytes: Buffer): boolean {
  return [1, 2, 3].every(() => {
    const started = performance.now();
    decodeAll(bytes);
    return performance.now() - started > MAX_MILLISECONDS;
  });
}

function difference(bytes: Buffer, decoded: DecodeResult, reading: Reading): string | undefined {
  if ('refused' in reading && reading.refused === TOO_DEEP) return undefined;
  try {
    return (
      compare(decoded, reading) ??
      compareSaved(decoded, reading) ??
      compareWithoutChecksum(bytes, reading) ??
      checkDeferred(bytes, reading, 'discarded' in decoded, pathsToAsk(bytes))
    );
  } catch (error) {
    return `using what decode gave threw ${String(error)}`;
  }
}

function compare(decoded: DecodeResult, reading: Reading): string | undefined {
  if ('discarded' in decoded) {
    if (!REASONS.includes(decoded.discarded) || decoded.detail === '')
      return 'the reason is none that is known';
    return 'refused' in reading || reading.mayBeRefused
      ? undefined
      : `a valid text is refused: ${decoded.discarded}, ${decoded.detail}`;
  }
  if ('refused' in reading) return `a text is taken that is not valid: ${reading.refused}`;
  const { contents, dropped } = decoded;
  if (dropped !== reading.dropped) return `${dropped} entries dropped instead of ${reading.dropped}`;
  return compareContents(contents, reading.entries);
}

function compareContents(
  contents: CacheContents,
  expected: ReadonlyMap<string, NaiveEntry>,
): string | undefined {
  if (contents.size !== expected.size) return `${contents.size} entries instead of ${expected.size}`;
  const listed = new Map(contents.entries());
  if (listed.size !== expected.size) return `${listed.size} entries listed instead of ${expected.size}`;
  for (const [path, entry] of expected) {
    const quoted = JSON.stringify(path);
    if (!contents.has(path)) return `has() misses ${quoted}`;
    if (!isSame(contents.get(path), entry)) return `get() gives another entry for ${quoted}`;
    if (!isSame(listed.get(path), entry)) return `entries() gives another entry for ${quoted}`;
  }
  for (const path of [...ABSENT, ...[...expected.keys()].map((known) => `${known}x`)]) {
    if (expected.has(path)) continue;
    if (contents.has(path) || contents.get(path))
      return `has() or get() finds ${JSON.stringify(path)}, which is not there`;
  }
  return undefined;
}

/** What is saved again without a change must be the canonical text of the entries that can be hits. */
function compareSaved(decoded: DecodeResult, reading: Reading): string | undefined {
  if ('discarded' in decoded || 'refused' in reading) return undefined;
  const { contents } = decoded;
  const saved = Buffer.concat([...jsonV3Codec.encode({ base: contents, put: new Map(), remove: new Set() })]);
  const complete = [...reading.entries].filter(([, { ctimeNs }]) => ctimeNs !== undefined);
  return saved.equals(canonicalText(new Map(complete)))
    ? undefined
    : 'what is encoded again is not the canonical text';
}

/** Taken without its checksum, a text goes the other way through the decoder, and must mean the same. */
function compareWithoutChecksum(bytes: Buffer, reading: Reading): string | undefined {
  if ('refused' in reading) return undefined;
  const bare = withoutChecksum(bytes);
  if (bare === bytes) return undefined;
  const fault = compare(decodeAll(bare), reading);
  return fault && `without its checksum: ${fault}`;
}

const STRING = /"(?:[^"\\]|\\.)*"/g;

/** All strings of the text that are JSON, and then some that are in none: few answers are given without an index. */
function pathsToAsk(bytes: Buffer): string[] {
  if (bytes.length >= LARGE_BYTES) return ABSENT;
  const paths = (bytes.toString().match(STRING) ?? []).flatMap((quoted) => {
    try {
      return JSON.parse(quoted) as string;
    } catch {
      // No string: a control character, a broken escape.
      return [];
    }
  });
  return [...paths, ...ABSENT];
}
