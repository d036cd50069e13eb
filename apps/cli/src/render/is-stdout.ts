import { fstatSync, statSync } from 'node:fs';
import { nativePath } from '../native-path.js';

/**
 * True when `path` is another name for stdout, such as `/dev/stdout`, or the file that the shell opened as stdout.
 * Replacing that file would throw away what others wrote to it.
 */
export function isStdout(path: string): boolean {
  try {
    const named = statSync(nativePath(path), { bigint: true });
    const stdout = fstatSync(1, { bigint: true });
    return named.dev === stdout.dev && named.ino === stdout.ino;
  } catch {
    return false;
  }
}
