import { createHash } from 'node:crypto';
import { canonicalLine, HEADER, type NaiveEntry } from './canonical-writer.js';
import { NestedTooDeepError, parseNaively, type NaiveMember, type NaiveValue } from './naive-json.js';
import { naivePathBytes } from './naive-path.js';

/** What a reader makes of a cache file: its entries and how many it left out, or why there are none. */
export type Reading =
  | {
      readonly entries: ReadonlyMap<string, NaiveEntry>;
      readonly dropped: number;
      /** True where the format leaves open which place a damaged line has in the order of paths. */
      readonly mayBeRefused?: boolean;
    }
  | { readonly refused: string };

/** Why a text is refused that the decoder may take or leave. */
export const TOO_DEEP = 'nested too deep';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const FOOTER = /\n\},"checksum":"([^]{64})"\}$/;

/**
 * Reads a cache file by the rules of the format and nothing else: what the decoder gives is compared with this. It is
 * written apart from the decoder on purpose, so that one mistake is not made twice.
 */
export function readNaively(bytes: Buffer): Reading {
  const footer = FOOTER.exec(bytes.toString('latin1'));
  if (!footer || bytes.indexOf(HEADER) !== 0 || footer.index < HEADER.length - 1) {
    return readStrictly(bytes, readDocument);
  }
  const covered = bytes.subarray(0, footer.index + '\n},'.length);
  if (createHash('sha256').update(covered).digest('hex') !== footer[1]) return { refused: 'checksum' };
  if (footer.index < HEADER.length) return { entries: new Map(), dropped: 0 };
  return readStrictly(bytes.subarray(HEADER.length, footer.index), readLines);
}

function readStrictly(bytes: Buffer, read: (text: string) => Reading): Reading {
  try {
    return read(decoder.decode(bytes));
  } catch (error) {
    return { refused: error instanceof NestedTooDeepError ? TOO_DEEP : 'not-json' };
  }
}

/** What stands between the header and the footer of canonical text: one entry a line, in order, each in canonical form. */
function readLines(text: string): Reading {
  const lines = text.split('\n');
  const candidates: Candidate[] = [];
  let previous: Buffer | undefined;
  for (const [index, whole] of lines.entries()) {
    const isLast = index === lines.length - 1;
    if (!isLast && !whole.endsWith(',')) return { refused: 'shape' };
    const line = isLast ? whole : whole.slice(0, -1);
    const [member, another] = membersOf(parseNaively(`{${line}}`)) ?? [];
    if (!member || another || !line.startsWith('"')) return { refused: 'shape' };
    const candidate = candidateOf(member);
    candidates.push(candidate);
    const { path, bytes, entry } = candidate;
    if (entry && (entry.ctimeNs === undefined || canonicalLine(path, entry) !== line))
      return { refused: 'shape' };
    if (!bytes) continue;
    if (previous && Buffer.compare(previous, bytes) > 0) return { refused: 'shape' };
    previous = bytes;
  }
  return { ...withoutRepeated(candidates), mayBeRefused: candidates.some(({ bytes }) => !bytes) };
}

/** An entry of one line, which is in canonical form by itself. */
export interface Line {
  readonly path: string;
  readonly entry: NaiveEntry;
}

/** Returns the lines that are canonical, whatever the others are. */
export function readGoodLines(bytes: Buffer): Line[] {
  const lines = bytes.toString('latin1').split('\n').slice(1, -1);
  return lines.flatMap((line) => {
    const text = Buffer.from(line.replace(/,$/, ''), 'latin1');
    const reading = readStrictly(text, readLines);
    return 'refused' in reading ? [] : [...reading.entries].map(([path, entry]) => ({ path, entry }));
  });
}

/** Text without canonical framing: any JSON, and no checksum, because nobody could tell what it covers. */
function readDocument(text: string): Reading {
  const members = membersOf(parseNaively(text));
  if (!members) return { refused: 'shape' };
  const version = single(members, 'version');
  if (version?.kind !== 'number' || version.text !== '3') return { refused: 'version' };
  if (members.some(({ key }) => key === 'checksum')) return { refused: 'checksum' };
  const entries = membersOf(single(members, 'entries'));
  return entries ? withoutRepeated(entries.map(candidateOf)) : { refused: 'shape' };
}

interface Candidate {
  readonly path: string;
  /** `undefined` where the path is none. */
  readonly bytes: Buffer | undefined;
  /** `undefined` where anything about the entry is wrong. */
  readonly entry: NaiveEntry | undefined;
}

function candidateOf({ key, value }: NaiveMember): Candidate {
  const bytes = naivePathBytes(key);
  return { path: key, bytes, entry: bytes && entryOf(value) };
}

function withoutRepeated(candidates: readonly Candidate[]) {
  const entries = new Map<string, NaiveEntry>();
  for (const { path, entry } of candidates) if (entry) entries.set(path, entry);
  const seen = new Set<string>();
  for (const { path } of candidates) {
    if (seen.has(path)) entries.delete(path);
    seen.add(path);
  }
  return { entries, dropped: candidates.length - entries.size };
}

function entryOf(value: NaiveValue): NaiveEntry | undefined {
  const members = membersOf(value);
  if (!members) return undefined;
  const [size, ino] = [countOf(single(members, 'size')), countOf(single(members, 'ino'))];
  const [mtimeNs, ctimeNs] = [timeOf(single(members, 'mtime')), timeOf(single(members, 'ctime'))];
  const objectId = single(members, 'object_hash');
  const dimensions = dimensionsOf(members);
  if (size === undefined || ino === undefined || mtimeNs === undefined || !dimensions) return undefined;
  if (objectId?.kind !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(objectId.text)) return undefined;
  if (ctimeNs === undefined && has(members, 'ctime')) return undefined;
  return { size, mtimeNs, ctimeNs, ino, objectId: objectId.text, dimensions };
}

function dimensionsOf(entry: readonly NaiveMember[]): ReadonlyMap<string, string> | undefined {
  const members = has(entry, 'dimensions') ? membersOf(single(entry, 'dimensions')) : [];
  if (!members) return undefined;
  const dimensions = new Map<string, string>();
  for (const { key, value } of members) {
    if (value.kind !== 'string' || dimensions.has(key) || key.length > 1000) return undefined;
    dimensions.set(key, value.text);
  }
  return dimensions.size > 1000 ? undefined : dimensions;
}

function timeOf(value: NaiveValue | undefined): bigint | undefined {
  const match = value?.kind === 'number' ? /^(-?)(\d{1,20})(?:\.(\d{1,9}))?$/.exec(value.text) : null;
  if (!match) return undefined;
  const [, sign, seconds = '', decimals = ''] = match;
  const ns = BigInt(seconds) * 10n ** 9n + BigInt(decimals.padEnd(9, '0'));
  return sign === '-' ? -ns : ns;
}

function countOf(value: NaiveValue | undefined): bigint | undefined {
  return value?.kind === 'number' && /^\d{1,20}$/.test(value.text) ? BigInt(value.text) : undefined;
}

function membersOf(value: NaiveValue | undefined): readonly NaiveMember[] | undefined {
  return value?.kind === 'object' ? value.members : undefined;
}

function has(members: readonly NaiveMember[], key: string): boolean {
  return members.some((member) => member.key === key);
}

/** The value of a key that is there once. */
function single(members: readonly NaiveMember[], key: string): NaiveValue | undefined {
  const found = members.filter((member) => member.key === key);
  return found.length === 1 ? found[0]?.value : undefined;
}
