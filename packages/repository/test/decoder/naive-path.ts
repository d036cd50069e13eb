import { isUtf8 } from 'node:buffer';

/** What a tree path is, worked out without `@muse/paths`. */

/** Returns the bytes of a tree path, or `undefined` for a text that is none. */
export function naivePathBytes(path: string): Buffer | undefined {
  if (path.includes('\0')) return undefined;
  if (path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return undefined;
  }
  if (!/[\ud800-\udfff]/u.test(path)) return Buffer.from(path);
  const bytes: number[] = [];
  const escaped: boolean[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    if (isSurrogate && !(code >= 0xdc80 && code <= 0xdcff)) return undefined;
    for (const byte of isSurrogate ? [code - 0xdc00] : Buffer.from(character)) {
      bytes.push(byte);
      escaped.push(isSurrogate);
    }
  }
  const buffer = Buffer.from(bytes);
  return isReadBack(buffer, escaped) ? buffer : undefined;
}

/** True when reading the bytes as UTF-8 finds the very bytes broken that were escaped. */
function isReadBack(bytes: Buffer, escaped: readonly boolean[]): boolean {
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(at, at + size)));
    if ((length === undefined) !== escaped[at]) return false;
    at += length ?? 1;
  }
  return true;
}
