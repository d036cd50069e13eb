import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { compareTreePaths, isTreePath } from '@muse/paths';
import type { DecodeResult } from '../types.js';
import { CanonicalContents, keyEnd } from './canonical-contents.js';
import { layoutOf, type Layout } from './canonical-text.js';
import { decodeEntry } from './decode-entry.js';
import { entryText } from './entry-text.js';
import { JsonObject, parseJsonText } from './json-text.js';
import { hashBytes, LineIndex } from './line-index.js';
import { plainLineKeyEnd } from './plain-line.js';

/** Decodes canonical text without decoding its entries; `undefined` for text that is not framed as canonical text is. */
export function decodeCanonical(bytes: Buffer): DecodeResult | undefined {
  const layout = layoutOf(bytes);
  if (!layout) return undefined;
  if (hash('sha256', bytes.subarray(0, layout.covered), 'hex') !== layout.checksum) {
    return { discarded: 'checksum', detail: 'its text does not match its checksum' };
  }
  return indexLines(bytes, layout);
}

const QUOTE = 0x22;

/** A line that was read: what the next one must come after. */
interface Line {
  readonly start: number;
  readonly keyEnd: number;
  readonly end: number;
  readonly plain: boolean;
}

function indexLines(bytes: Buffer, { bodyStart, bodyEnd }: Layout): DecodeResult {
  const index = new LineIndex(bytes, countLines(bytes, bodyStart, bodyEnd));
  let dropped = 0;
  let previous: Line | undefined;
  let held: Line | undefined;
  for (let start = bodyStart; start < bodyEnd;) {
    const feed = bytes.indexOf(0x0a, start);
    const last = feed === bodyEnd - 1;
    if (!last && bytes[feed - 1] !== 0x2c)
      return { discarded: 'shape', detail: `no comma before offset ${feed}` };
    const end = last ? feed : feed - 1;
    const plainEnd = plainLineKeyEnd(bytes, start, end);
    const line = { start, end, keyEnd: plainEnd, plain: plainEnd >= 0 };
    start = feed + 1;
    const verdict = line.plain ? 'good' : judgeLine(bytes.subarray(line.start, end));
    if (verdict === 'not-json' || verdict === 'shape') {
      return { discarded: verdict, detail: `the line at offset ${line.start} is not canonical` };
    }
    if (verdict === 'no-path') {
      // It has no place in the order of paths, and nothing to be repeated.
      dropped++;
      continue;
    }
    if (!line.plain) line.keyEnd = keyEnd(bytes, line.start);
    const order = previous ? compareKeys(bytes, previous, line) : -1;
    if (order > 0) return { discarded: 'shape', detail: `the line at offset ${line.start} is out of order` };
    // A line waits until the next one has shown that its key is not repeated.
    if (order === 0) {
      dropped += held ? 2 : 1;
      held = undefined;
    } else {
      if (held) add(index, held);
      held = verdict === 'good' ? line : undefined;
      if (verdict === 'bad') dropped++;
    }
    previous = line;
  }
  if (held) add(index, held);
  return { contents: new CanonicalContents(index), dropped };
}

function add(index: LineIndex, line: Line): void {
  index.add(line.start, line.end, hashBytes(index.bytes, line.start + 1, line.keyEnd));
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(0x0a, from); at >= 0 && at < to; at = bytes.indexOf(0x0a, at + 1)) lines++;
  return lines;
}

/** Judges a line that holds more than the plain form: escapes, other scripts, dimensions, damage. */
function judgeLine(bytes: Buffer): 'good' | 'bad' | 'no-path' | 'shape' | 'not-json' {
  if (!isUtf8(bytes)) return 'not-json';
  const text = bytes.toString();
  let object;
  try {
    object = parseJsonText(`{${text}}`);
  } catch {
    return 'not-json';
  }
  const member = object instanceof JsonObject && object.members.length === 1 ? object.members[0] : undefined;
  if (!member || bytes[0] !== QUOTE) return 'shape';
  const [path, value] = member;
  if (!isTreePath(path)) return 'no-path';
  const entry = decodeEntry(value);
  if (!entry) return 'bad';
  if (entry.ctimeNs === undefined) return 'shape';
  return entryText(path, { ...entry, ctimeNs: entry.ctimeNs }) === text ? 'good' : 'shape';
}

function compareKeys(bytes: Buffer, a: Line, b: Line): number {
  if (a.plain && b.plain) return bytes.compare(bytes, b.start + 1, b.keyEnd, a.start + 1, a.keyEnd);
  return compareTreePaths(pathOf(bytes, a), pathOf(bytes, b));
}

function pathOf(bytes: Buffer, line: Line): string {
  return JSON.parse(bytes.toString('utf8', line.start, line.keyEnd + 1)) as string;
}
