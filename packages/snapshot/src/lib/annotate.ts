import type { SortedLines, StatCache } from '@muse/stat-cache';
import { matchEntries } from '@muse/stat-cache/json-v3';
import type { ScannedEntries } from '@muse/walker/scan';

/** Returns the lines of a cache that threads can match without a copy, where it has such. */
export function sharedLines(cache: StatCache | undefined): SortedLines | undefined {
  const lines = cache?.sortedLines;
  return lines?.bytes.buffer instanceof SharedArrayBuffer ? lines : undefined;
}

/** Returns what the stored lines say of each entry, as `matchEntries` writes it. */
export function annotateWith(
  lines: SortedLines,
  { directories, names, kinds, stats, counts }: ScannedEntries,
): Uint32Array {
  const notes = new Uint32Array(names.length);
  let from = 0;
  for (const [index, { path, note }] of directories.entries()) {
    const to = from + (counts[index] ?? 0);
    matchEntries(lines, { path, names, kinds, stats, from, to }, notes, note);
    from = to;
  }
  return notes;
}
