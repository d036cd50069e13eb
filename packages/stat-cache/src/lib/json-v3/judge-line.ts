import { isUtf8 } from 'node:buffer';
import { isTreePath } from '@muse/paths';
import { MAX_ENTRY_BYTES } from '../limits.js';
import { decodeEntry } from './decode-entry.js';
import { entryText } from './entry-text.js';
import { skipMembers, skipString, stringText } from './json-bytes.js';
import { plainLineKeyEnd } from './plain-line.js';

/**
 * What a line is: `plain` and `good` ones are canonical, `bad` ones hold a damaged value or no tree path, and with any
 * other the whole text is not canonical.
 */
export type Verdict = 'plain' | 'good' | 'bad' | 'shape' | 'not-json';

const QUOTE = 0x22;

/** Judges the line from `start` to `end`, without its separator. */
export function judgeLine(bytes: Buffer, start: number, end: number): Verdict {
  const isPlain = end - start <= MAX_ENTRY_BYTES && plainLineKeyEnd(bytes, start, end) >= 0;
  return isPlain ? 'plain' : judgeText(bytes.subarray(start, end));
}

/** Judges a line that holds more than the plain form: escapes, other scripts, dimensions, damage. */
function judgeText(bytes: Buffer): Verdict {
  if (!isUtf8(bytes)) return 'not-json';
  let members = 0;
  let value = 0;
  const end = skipMembers(bytes, 0, 1, (_key, _keyEnd, at) => {
    members++;
    value = at;
  });
  if (end !== bytes.length) return 'not-json';
  if (members !== 1 || bytes[0] !== QUOTE) return 'shape';
  if (bytes.length > MAX_ENTRY_BYTES) return 'bad';
  const path = stringText(bytes, 0, skipString(bytes, 0));
  const entry = decodeEntry(bytes, value);
  if (!entry || !isTreePath(path)) return 'bad';
  if (entry.ctimeNs === undefined) return 'shape';
  return entryText(path, entry, entry.ctimeNs) === bytes.toString() ? 'good' : 'shape';
}
