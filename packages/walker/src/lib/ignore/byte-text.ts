import { treePathToBytes } from '@muse/paths';

/**
 * Spells a text as its bytes, one character each, which leaves ASCII as it is.
 *
 * Git matches bytes: `?` is one byte of a name, and a name that is not UTF-8 is like any other. Patterns and paths in
 * this form match as there.
 */
export function byteText(text: string): string {
  return /[^\0-\x7f]/.test(text) ? treePathToBytes(text).toString('latin1') : text;
}
