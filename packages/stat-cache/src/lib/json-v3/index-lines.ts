import type { DiscardReason, SortedLines } from '../types.js';
import { judgeLine } from './judge-line.js';
import { hashBytes, LineIndex } from './line-index.js';
import { compareKey, keyBytes, keyEnd, keyText } from './sorted-lines.js';

/** All lines checked and indexed, or why the text as a whole is not canonical. */
export type IndexedLines =
  | { readonly index: LineIndex; readonly dropped: number }
  | { readonly discarded: DiscardReason; readonly detail: string };

/** A line that was read: what the next one must come after. */
interface Line {
  readonly start: number;
  readonly keyEnd: number;
  readonly end: number;
  readonly plain: boolean;
}

/** Checks every line, and indexes those that are good. */
export function indexLines(lines: SortedLines): IndexedLines {
  const { bytes, from, to, count } = lines;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const index = new LineIndex(buffer, count);
  let dropped = 0;
  let previous: Line | undefined;
  let held: Line | undefined;
  for (let start = from; start < to;) {
    const feed = buffer.indexOf(0x0a, start);
    const last = feed === to - 1;
    if (!last && buffer[feed - 1] !== 0x2c)
      return { discarded: 'shape', detail: `no comma before offset ${feed}` };
    const end = last ? feed : feed - 1;
    const verdict = judgeLine(buffer, start, end);
    if (verdict === 'not-json' || verdict === 'shape') {
      return { discarded: verdict, detail: `the line at offset ${start} is not canonical` };
    }
    const line = { start, end, keyEnd: keyEnd(buffer, start), plain: verdict === 'plain' };
    const order = previous ? compareKeys(buffer, previous, line) : -1;
    if (order > 0) return { discarded: 'shape', detail: `the line at offset ${start} is out of order` };
    if (order === 0 && previous && keyText(buffer, previous.start) !== keyText(buffer, start)) {
      // Two keys of the same bytes: one of them is no path, and which bytes it stands for is nobody's to say.
      return { discarded: 'shape', detail: `the line at offset ${start} has another key for the same bytes` };
    }
    // A line waits until the next one has shown that its key is not repeated.
    if (order === 0) {
      dropped += held ? 2 : 1;
      held = undefined;
    } else {
      if (held) add(index, held);
      held = verdict === 'bad' ? undefined : line;
      if (verdict === 'bad') dropped++;
    }
    previous = line;
    start = feed + 1;
  }
  if (held) add(index, held);
  return { index, dropped };
}

function add(index: LineIndex, line: Line): void {
  index.add(line.start, line.end, hashBytes(index.bytes, line.start + 1, line.keyEnd));
}

function compareKeys(bytes: Buffer, a: Line, b: Line): number {
  if (a.plain && b.plain) return bytes.compare(bytes, b.start + 1, b.keyEnd, a.start + 1, a.keyEnd);
  return -compareKey(bytes, b.start, keyBytes(bytes, a.start));
}
