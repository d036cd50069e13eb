import type { CacheContents } from '@muse/stat-cache';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { filesByDirectory, isPackable, matchFiles } from './match-files.js';
import type { NaiveEntry } from './canonical-writer.js';
import { readGoodLines, type Line, type Reading } from './naive-reader.js';

type Entries = ReadonlyMap<string, NaiveEntry>;

/**
 * Decodes a text in the way that leaves each line until it is asked for, and asks: for each path of the text and some
 * that are not in it, one by one and a directory at a time. The answers must be those of a full decode. Only where that
 * refuses a text whose checksum is right, which nobody writes by accident, a line that is good by itself may be given.
 */
export function checkDeferred(
  bytes: Buffer,
  reading: Reading,
  isRefused: boolean,
  paths: readonly string[],
): string | undefined {
  const decoded = jsonV3Codec.decode(bytes);
  if ('discarded' in decoded) {
    return isRefused ? undefined : `deferred: a valid text is refused: ${decoded.discarded}`;
  }
  const { contents } = decoded;
  if (isRefused || 'refused' in reading) return checkGiven(contents, readGoodLines(bytes), paths);
  const { entries } = reading;
  const fault = checkAnswers(contents, entries, paths) ?? checkMatches(contents, entries, paths);
  // Listing them makes an index, and every later answer comes from there.
  return fault ?? checkListed(contents, entries) ?? checkAnswers(contents, entries, paths);
}

function checkAnswers(contents: CacheContents, known: Entries, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const entry = contents.get(path);
    const expected = known.get(path);
    if (contents.has(path) !== (entry !== undefined))
      return `deferred: has() and get() differ for ${quote(path)}`;
    if (entry && !expected) return `deferred: get() gives what a full decode does not: ${quote(path)}`;
    if (expected && !isSame(entry, expected)) return `deferred: get() gives another entry for ${quote(path)}`;
  }
  return undefined;
}

/** Everything that is given must be one of these lines; some may be missed. */
function checkGiven(
  contents: CacheContents,
  lines: readonly Line[],
  paths: readonly string[],
): string | undefined {
  const isLine = (path: string, entry: ReturnType<CacheContents['get']>) =>
    lines.some((line) => line.path === path && isSame(entry, line.entry));
  const ask = () =>
    paths.find((path) => {
      // Asked once: an index that is made between two answers shows that the text is refused.
      const entry = contents.get(path);
      return entry && !isLine(path, entry);
    });
  const known = new Map(lines.map(({ path, entry }) => [path, entry]));
  const wrong = ask() ?? [...contents.entries()].find((pair) => !isLine(...pair))?.[0] ?? ask();
  if (wrong !== undefined) return `deferred: gives what no line holds for ${quote(wrong)}`;
  for (const { path, id } of matchFiles(contents, filesByDirectory(known, paths), 0n)) {
    if (id !== undefined && !lines.some((line) => line.path === path && line.entry.objectId === id)) {
      return `deferred: matching gives ${id} for ${quote(path)}, which no line holds`;
    }
  }
  return undefined;
}

function checkMatches(contents: CacheContents, known: Entries, paths: readonly string[]): string | undefined {
  const directories = filesByDirectory(known, paths);
  for (const change of [0n, 1n, 1n << 32n]) {
    for (const { path, id } of matchFiles(contents, directories, change)) {
      const entry = known.get(path);
      const wanted = entry && change === 0n && isPackable(entry) ? entry.objectId : undefined;
      if (id !== wanted) return `deferred: matching gives ${id ?? 'none'} for ${quote(path)}`;
    }
  }
  return undefined;
}

function checkListed(contents: CacheContents, known: Entries): string | undefined {
  const listed = new Map(contents.entries());
  if (listed.size !== known.size || contents.size !== known.size) {
    return `deferred: ${listed.size} entries listed instead of ${known.size}`;
  }
  const wrong = [...known].find(([path, entry]) => !isSame(listed.get(path), entry));
  return wrong && `deferred: entries() gives another entry for ${quote(wrong[0])}`;
}

/** Compares two entries field by field. */
export function isSame(entry: ReturnType<CacheContents['get']>, expected: NaiveEntry): boolean {
  if (entry?.size !== expected.size || entry.ino !== expected.ino) return false;
  if (entry.mtimeNs !== expected.mtimeNs || entry.ctimeNs !== expected.ctimeNs) return false;
  if (entry.objectId !== expected.objectId || entry.dimensions.size !== expected.dimensions.size)
    return false;
  return [...expected.dimensions].every(([name, text]) => entry.dimensions.get(name) === text);
}

function quote(path: string): string {
  return JSON.stringify(path);
}
