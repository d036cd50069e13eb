import { isUtf8 } from 'node:buffer';
import { isTreePath } from '@muse/paths';
import { decodeEntry } from './decode-entry.js';
import { entryText } from './entry-text.js';
import { JsonObject, parseJsonText } from './json-text.js';
import { plainLineKeyEnd } from './plain-line.js';

/**
 * What a line is: `plain` and `good` ones are canonical, `bad` ones hold a damaged value or no tree path, and with any
 * other the whole text is not canonical.
 */
export type Verdict = 'plain' | 'good' | 'bad' | 'shape' | 'not-json';

const QUOTE = 0x22;

/** Judges the line from `start` to `end`, without its separator. */
export function judgeLine(bytes: Buffer, start: number, end: number): Verdict {
  return plainLineKeyEnd(bytes, start, end) >= 0 ? 'plain' : judgeText(bytes.subarray(start, end));
}

/** Judges a line that holds more than the plain form: escapes, other scripts, dimensions, damage. */
function judgeText(bytes: Buffer): Verdict {
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
  const entry = decodeEntry(value);
  if (!entry || !isTreePath(path)) return 'bad';
  if (entry.ctimeNs === undefined) return 'shape';
  return entryText(path, entry, entry.ctimeNs) === text ? 'good' : 'shape';
}
