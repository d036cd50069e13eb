import { isEscapedByte, treePathToBytes } from './path-bytes.js';

/**
 * Compares two tree paths by their bytes, for `Array.prototype.sort`: negative when `a` comes first, 0 when they are
 * the same path, positive when `b` comes first.
 *
 * For names in UTF-8 this is the order of code points. UTF-16 order differs above U+D7FF, and so do escaped bytes:
 * `\xff` comes after U+E000, whose first byte is `\xee`.
 */
export function compareTreePaths(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return x < 0xd800 && y < 0xd800 ? x - y : compareFrom(a, b, at);
  }
  return a.length - b.length;
}

/** Compares where the first units that differ, at `at`, may be surrogates. */
function compareFrom(a: string, b: string, at: number): number {
  const x = a.codePointAt(at) ?? 0;
  const y = b.codePointAt(at) ?? 0;
  const insidePair = at > 0 && isHighSurrogate(a.charCodeAt(at - 1));
  if (insidePair || !(isEscapedByte(x) || isEscapedByte(y))) return x - y;
  return Buffer.compare(treePathToBytes(a.slice(at)), treePathToBytes(b.slice(at)));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
