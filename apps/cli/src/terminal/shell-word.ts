import { treePathToBytes } from '@muse/paths';
import { printable } from './printable.js';

/** Returns a name as a word that a POSIX shell takes for it, and for nothing else: what messages advise gets pasted. */
export function shellWord(name: string): string {
  const path = name.startsWith('-') ? `./${name}` : name;
  if (/^[\w%+,./:=@-]+$/.test(path)) return path;
  if (printable(path) === path) return `'${path.replaceAll("'", "'\\''")}'`;
  const quoted = Array.from(treePathToBytes(path), (byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
    return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `$'${quoted.join('')}'`;
}
