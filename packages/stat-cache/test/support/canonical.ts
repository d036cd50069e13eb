import { createHash } from 'node:crypto';
import type { CacheChange, CacheContents, DecodeResult, FileCacheEntry } from '@muse/stat-cache';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { NOTHING } from './entries.js';

// The file format once more, written down from FORMAT.md and not from the code that is tested with it.

/** Puts canonical text together from its lines, with the checksum that belongs to it. */
export function canonicalText(lines: readonly (string | Uint8Array)[], version = '3'): Buffer {
  const parts = [Buffer.from(`{"version":${version},"entries":{\n`)];
  lines.forEach((line, at) => {
    parts.push(Buffer.from(line as string), Buffer.from(at === lines.length - 1 ? '\n' : ',\n'));
  });
  parts.push(Buffer.from('},'));
  const covered = Buffer.concat(parts);
  const checksum = createHash('sha256').update(covered).digest('hex');
  return Buffer.concat([covered, Buffer.from(`"checksum":"${checksum}"}`)]);
}

export const HELLO = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

/** A value as text, with parts of it replaced, in the order of the format. */
export function valueText(parts: Readonly<Record<string, string>> = {}): string {
  const all = {
    ...{ mtime: '1700000000.123456789', ctime: '1700000000.123456789', size: '5', ino: '131' },
    ...{ object_hash: `"${HELLO}"`, dimensions: '{}' },
    ...parts,
  };
  const members = Object.entries(all).map(([key, text]) => `"${key}":${text}`);
  return `{${members.join(',')}}`;
}

/** A canonical line, as long as the parts are canonical. */
export function lineText(path: string, parts: Readonly<Record<string, string>> = {}): string {
  return `${JSON.stringify(path)}:${valueText(parts)}`;
}

/** Loose text: what an editor or another program may write. */
export function looseText(members: string): Buffer {
  return Buffer.from(`{"version":3,"entries":{${members}}}`);
}

export function encodeChange(change: Partial<CacheChange>): Buffer {
  const whole = { base: NOTHING, put: new Map(), remove: new Set<string>(), ...change };
  return Buffer.concat([...jsonV3Codec.encode(whole)]);
}

export function encodeAll(entries: Iterable<readonly [string, FileCacheEntry]>): Buffer {
  return encodeChange({ put: new Map(entries) });
}

/** Decodes a text and checks all that is in it. */
export function decodeAll(bytes: Uint8Array): DecodeResult {
  const decoded = jsonV3Codec.decode(bytes);
  return 'contents' in decoded ? (decoded.contents.verify?.() ?? decoded) : decoded;
}

/** Decodes what must be good. */
export function contentsOf(text: Uint8Array | string): CacheContents {
  const result = decodeAll(Buffer.from(text as string));
  if ('discarded' in result) throw new Error(`${result.discarded}: ${result.detail}`);
  return result.contents;
}

/** What became of a text: the reason why it was discarded, or how many entries live and how many were dropped. */
export function outcome(text: Uint8Array | string): string {
  const result = decodeAll(Buffer.from(text as string));
  return 'discarded' in result
    ? result.discarded
    : `${String(result.contents.size)} live, ${String(result.dropped)} dropped`;
}
