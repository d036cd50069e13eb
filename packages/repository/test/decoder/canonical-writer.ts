import { createHash } from 'node:crypto';
import { naivePathBytes } from './naive-path.js';

/** An entry as the format defines it. */
export interface NaiveEntry {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint | undefined;
  readonly ino: bigint;
  readonly objectId: string;
  readonly dimensions: ReadonlyMap<string, string>;
}

/** What canonical text begins with. */
export const HEADER = '{"version":3,"entries":{\n';

/** Writes canonical text by the rules of the format, without the encoder of `@muse/stat-cache`. */
export function canonicalText(entries: ReadonlyMap<string, NaiveEntry>): Buffer {
  const inOrder = [...entries].sort(([a], [b]) => Buffer.compare(bytesOf(a), bytesOf(b)));
  const lines = inOrder.map(([path, entry]) => canonicalLine(path, entry));
  return withChecksum(Buffer.from(`${HEADER}${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}},`));
}

/** Returns the text with the checksum that its bytes have, and the end. */
export function withChecksum(covered: Buffer): Buffer {
  const digest = createHash('sha256').update(covered).digest('hex');
  return Buffer.concat([covered, Buffer.from(`"checksum":"${digest}"}`)]);
}

/** Returns the line of an entry, without what separates it from the next. */
export function canonicalLine(path: string, entry: NaiveEntry): string {
  const { mtimeNs, ctimeNs = 0n, size, ino, objectId, dimensions } = entry;
  const pairs = [...dimensions].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return (
    `${JSON.stringify(path)}:{"mtime":${secondsOf(mtimeNs)},"ctime":${secondsOf(ctimeNs)},` +
    `"size":${String(size)},"ino":${String(ino)},"object_hash":"${objectId}","dimensions":{${texts.join(',')}}}`
  );
}

function secondsOf(ns: bigint): string {
  const distance = ns < 0n ? -ns : ns;
  const decimals = String(distance % 10n ** 9n).padStart(9, '0');
  return `${ns < 0n ? '-' : ''}${String(distance / 10n ** 9n)}.${decimals}`;
}

function bytesOf(path: string): Buffer {
  return naivePathBytes(path) ?? Buffer.alloc(0);
}

/** Returns a text with a matching checksum: in place of the last one it has, else at its end. */
export function rechecked(bytes: Buffer): Buffer {
  const found = bytes.lastIndexOf('"checksum":"');
  if (found >= 0) return withChecksum(bytes.subarray(0, found));
  const end = bytes.lastIndexOf('}');
  return withChecksum(Buffer.concat([bytes.subarray(0, end < 0 ? bytes.length : end), Buffer.from(',')]));
}

const CHECKSUM = /,"checksum":"[0-9a-f]{64}"\}$/;

/** Returns a text without its checksum, where it ends as canonical text does; else the very same. */
export function withoutChecksum(bytes: Buffer): Buffer {
  const found = CHECKSUM.exec(bytes.toString('latin1', Math.max(0, bytes.length - 100)));
  if (!found) return bytes;
  return Buffer.concat([bytes.subarray(0, bytes.length - found[0].length), Buffer.from('}')]);
}
