import { treePathToBytes } from '@muse/paths';
import { isPlain } from './line-index.js';
import { matchLine } from './line-stat.js';
import type { SortedLines } from '../types.js';
import { compareKey, keyEnd, lowerBound, lowerBoundFrom, nextLine } from './sorted-lines.js';

/** A directory's entries, to be matched with stored lines: a range of packed names, kinds and stats. */
export interface EntriesToMatch {
  /** The directory's tree path. */
  readonly path: string;
  /** Names in path order: that of a directory counts as ending in a slash. */
  readonly names: readonly string[];
  /** 0 for a file, 1 for a directory. */
  readonly kinds: Uint8Array;
  /**
   * Six numbers of 64 bits for each name: dev, ino, size, the seconds of mtime and of ctime, and one with the nanoseconds
   * of both, mtime's in the first 32 bits of its memory.
   */
  readonly stats: BigInt64Array;
  readonly from: number;
  readonly to: number;
}

/** Words of 32 bits that one stat takes. */
const WORDS = 12;

/** There is no line for the file. */
export const NO_LINE = 0;
/** There is a line, and it is not valid for this stat. */
export const CHANGED = 1;

/**
 * Matches the files of one directory with the lines that lie in the same order. Writes for each file {@link NO_LINE},
 * {@link CHANGED}, or the offset of the object id that is valid for it; for each directory the offset at which its own
 * lines begin, to be given as `start` when it is matched in turn. One pass of both takes 0.5 µs a file where looking each
 * one up by its path takes 2.
 */
export function matchEntries(
  lines: SortedLines,
  entries: EntriesToMatch,
  out: Uint32Array,
  start?: number,
): void {
  const { bytes } = lines;
  const { path, names, kinds, stats, from, to } = entries;
  const prefix = path === '' ? '' : `${path}/`;
  const prefixBytes = treePathToBytes(prefix);
  const words = new Int32Array(stats.buffer, stats.byteOffset, stats.length * 2);
  let line = start ?? lowerBound(lines, prefixBytes);
  for (let i = from; i < to; i++) {
    const name = names[i] ?? '';
    if (kinds[i] !== 0) {
      line = lowerBoundFrom(lines, treePathToBytes(`${prefix}${name}/`), line);
      out[i] = line;
      // `0` is what comes after `/`: the first path that is not below this directory.
      line = lowerBoundFrom(lines, treePathToBytes(`${prefix}${name}0`), line);
      continue;
    }
    let order = 1;
    while (line < lines.to && (order = compareName(bytes, line, prefixBytes, prefix, name)) < 0) {
      line = nextLine(bytes, line);
    }
    if (order !== 0) continue;
    const quote = keyQuote(bytes, line, prefixBytes.length + name.length);
    const id = matchLine(bytes, line, quote, words, i * WORDS);
    const next = nextLine(bytes, id === CHANGED ? line : id);
    // A repeated path is no entry at all.
    out[i] = next < lines.to && isRepeated(bytes, line, quote, next) ? CHANGED : id;
    line = next;
  }
}

/** Returns where the key of a line ends, at once where it has as many bytes as its path has characters: without escapes. */
function keyQuote(bytes: Uint8Array, line: number, length: number): number {
  const quote = line + 1 + length;
  return bytes[quote] === 0x22 && bytes[quote - 1] !== 0x5c ? quote : keyEnd(bytes, line);
}

/** Returns whether the next line has the key that ends with the quote at `quote`. Compares from the end, where keys differ. */
function isRepeated(bytes: Uint8Array, line: number, quote: number, next: number): boolean {
  for (let i = quote - line; i >= 0; i--) if (bytes[next + i] !== bytes[line + i]) return false;
  return true;
}

/** Compares the path of a line with that of a name, without putting the path together. */
function compareName(
  bytes: Uint8Array,
  line: number,
  prefixBytes: Uint8Array,
  prefix: string,
  name: string,
): number {
  let at = line + 1;
  for (let i = 0; i < prefixBytes.length; i++, at++) {
    if (bytes[at] !== prefixBytes[i]) return compareKey(bytes, line, treePathToBytes(prefix + name));
  }
  for (let i = 0; i < name.length; i++, at++) {
    const code = name.charCodeAt(i);
    const key = bytes[at] ?? 0;
    if (key === code && isPlain(code)) continue;
    if (isPlain(code) && isPlain(key)) return key - code;
    return compareKey(bytes, line, treePathToBytes(prefix + name));
  }
  return bytes[at] === 0x22 ? 0 : 1;
}
