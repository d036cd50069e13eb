import { hash } from 'node:crypto';
import type { DecodeOptions, DecodeResult, SortedLines } from '../types.js';
import { CanonicalContents } from './canonical-contents.js';
import { layoutOf } from './canonical-text.js';
import { indexLines } from './index-lines.js';

/** Decodes canonical text without decoding its entries; `undefined` for text that is not framed as canonical text is. */
export function decodeCanonical(bytes: Buffer, { defer = false }: DecodeOptions): DecodeResult | undefined {
  const layout = layoutOf(bytes);
  if (!layout) return undefined;
  if (hash('sha256', bytes.subarray(0, layout.covered), 'hex') !== layout.checksum) {
    return { discarded: 'checksum', detail: 'its text does not match its checksum' };
  }
  const { bodyStart: from, bodyEnd: to } = layout;
  const { count, longest } = measureLines(bytes, from, to);
  const lines: SortedLines = { bytes, from, to, count };
  if (defer) return { contents: new CanonicalContents(lines, longest), dropped: 0 };
  const indexed = indexLines(lines);
  if ('discarded' in indexed) return indexed;
  return { contents: new CanonicalContents(lines, longest, indexed.index), dropped: indexed.dropped };
}

function measureLines(bytes: Buffer, from: number, to: number): { count: number; longest: number } {
  let count = 0;
  let longest = 0;
  let start = from;
  for (let at = bytes.indexOf(0x0a, from); at >= 0 && at < to; at = bytes.indexOf(0x0a, start)) {
    count++;
    longest = Math.max(longest, at + 1 - start);
    start = at + 1;
  }
  return { count, longest };
}
