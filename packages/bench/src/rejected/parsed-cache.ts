import { readFileSync } from 'node:fs';

/**
 * Reads a cache file whole, into a map. Rejected: it takes as long as the walk, where finding the lines of canonical text and
 * checking its checksum takes a tenth; see decision 004.
 */
export function parseWholeCache(file: string): Map<string, unknown> {
  const { entries } = JSON.parse(readFileSync(file, 'utf8')) as { entries: Record<string, unknown> };
  return new Map(Object.entries(entries));
}
