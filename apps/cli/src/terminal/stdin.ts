import { createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';

const STDIN = 0;

/**
 * Returns what is on stdin. For a directory or a block device `process.stdin` is an empty stream, not an error, so
 * only what can keep its reader waiting is read through it.
 */
export function readStdin(): Readable {
  const stats = fstatSync(STDIN);
  if (stats.isFIFO() || stats.isSocket() || isatty(STDIN)) return process.stdin;
  return createReadStream('', { fd: STDIN, autoClose: false });
}
