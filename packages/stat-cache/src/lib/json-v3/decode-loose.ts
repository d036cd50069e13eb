import { isTreePath } from '@muse/paths';
import { CACHE_VERSION } from '../limits.js';
import type { DecodeResult, FileCacheEntry } from '../types.js';
import { decodeEntry } from './decode-entry.js';
import { JsonNumber, JsonObject, parseJsonText, type JsonValue } from './json-text.js';

/** Decodes text that is not canonical, as an editor or another program writes it: any white space, order, extra keys. */
export function decodeLoose(bytes: Uint8Array): DecodeResult {
  let document: JsonValue;
  try {
    document = parseJsonText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    return { discarded: 'not-json', detail: (error as Error).message };
  }
  if (!(document instanceof JsonObject)) return { discarded: 'shape', detail: 'it is no JSON object' };
  if (document.count('version') !== 1) {
    return { discarded: 'shape', detail: 'it has no single "version"' };
  }
  const version = document.get('version');
  if (!(version instanceof JsonNumber) || version.text !== String(CACHE_VERSION)) {
    return { discarded: 'version', detail: `its version is not ${CACHE_VERSION}` };
  }
  if (document.count('checksum') > 0) {
    return { discarded: 'checksum', detail: 'it has a checksum, but is not the text that was checksummed' };
  }
  const entries = document.get('entries');
  if (!(entries instanceof JsonObject)) {
    return { discarded: 'shape', detail: 'it has no single object "entries"' };
  }
  return decodeEntries(entries);
}

function decodeEntries(object: JsonObject): DecodeResult {
  const seen = new Set<string>();
  const entries = new Map<string, FileCacheEntry>();
  let dropped = 0;
  for (const [path, value] of object.members) {
    const entry = decodeEntry(value);
    if (seen.has(path)) {
      // Which of the two is true is anyone's guess, so neither is kept.
      if (entries.delete(path)) dropped++;
      dropped++;
    } else if (entry && isTreePath(path)) {
      entries.set(path, entry);
    } else {
      dropped++;
    }
    seen.add(path);
  }
  const contents = {
    size: entries.size,
    has: (path: string) => entries.has(path),
    get: (path: string) => entries.get(path),
    entries: () => entries,
  };
  return { contents, dropped };
}
