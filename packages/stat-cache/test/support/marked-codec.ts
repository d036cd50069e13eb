import { createHash } from 'node:crypto';
import { compareTreePaths } from '@muse/paths';
import type { CacheCodec, CacheContents, FileCacheEntry, StoredLines } from '@muse/stat-cache';
import { entryOfLine, nextLine } from '@muse/stat-cache/lines';

const MARK = 'entries\n';
const DIGEST_BYTES = 32;

/** A format that nobody has: a mark, the lines, their SHA-256. It is made of public names alone, and gives its lines. */
export const markedCodec: CacheCodec = {
  decode: (given) => {
    const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    const to = bytes.length - DIGEST_BYTES;
    if (to < MARK.length || !bytes.subarray(0, MARK.length).equals(Buffer.from(MARK))) {
      return { discarded: 'shape', detail: 'it has no mark' };
    }
    if (!digestOf(bytes.subarray(0, to)).equals(bytes.subarray(to))) {
      return { discarded: 'checksum', detail: 'it is damaged' };
    }
    const entries = new Map<string, FileCacheEntry>();
    let count = 0;
    for (let line = MARK.length; line < to; line = nextLine(bytes, line), count++) {
      const entry = entryOfLine(bytes, line);
      const text = bytes.toString('utf8', line, nextLine(bytes, line));
      const key = /^"(?:[^"\\]|\\.)*"/.exec(text)?.[0] ?? '';
      if (entry) entries.set(JSON.parse(key) as string, entry);
    }
    return { contents: contentsWith(entries, { bytes, from: MARK.length, to, count }), dropped: 0 };
  },
  *encode({ base, put, remove }) {
    const entries = new Map([...base.entries()].filter(([path]) => !remove.has(path)));
    for (const [path, entry] of put) entries.set(path, entry);
    const sorted = [...entries].sort(([a], [b]) => compareTreePaths(a, b));
    const lines = sorted.map(([path, entry]) => lineOf(path, entry)).join(',\n');
    const body = Buffer.from(MARK + lines + (sorted.length > 0 ? '\n' : ''));
    yield body;
    yield digestOf(body);
  },
};

function contentsWith(entries: ReadonlyMap<string, FileCacheEntry>, lines: StoredLines): CacheContents {
  return {
    size: entries.size,
    has: (path) => entries.has(path),
    get: (path) => entries.get(path),
    entries: () => entries,
    lines,
  };
}

function lineOf(
  path: string,
  { mtimeNs, ctimeNs = 0n, size, ino, objectId, dimensions }: FileCacheEntry,
): string {
  const names = [...dimensions.keys()].sort();
  const members = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(dimensions.get(name))}`);
  return (
    `${JSON.stringify(path)}:{"mtime":${seconds(mtimeNs)},"ctime":${seconds(ctimeNs)},"size":${size},` +
    `"ino":${ino},"object_hash":"${objectId}","dimensions":{${members.join(',')}}}`
  );
}

function seconds(ns: bigint): string {
  const digits = String(ns < 0n ? -ns : ns).padStart(10, '0');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
