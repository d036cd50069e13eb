import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { reachPath } from '@muse/paths';
import { codeOf } from '../../problems.js';

/** Bytes. Git reads no larger one either. */
const LARGEST = 100 * 1024 * 1024;

/** What is there in the place of a file of patterns. */
export type PatternFile =
  | { readonly is: 'file'; readonly text: string }
  | { readonly is: 'absent' }
  /** A link that is not followed, or something that is no regular file: git takes no patterns from either. */
  | { readonly is: 'special' }
  | { readonly is: 'unreadable'; readonly operation: 'open' | 'read'; readonly error: unknown };

/** Reads a file of patterns as git would: one character for each byte. A FIFO is neither waited for nor read. */
export async function readPatternFile(
  native: string | Buffer,
  { follow }: { readonly follow: boolean },
): Promise<PatternFile> {
  let operation: 'open' | 'read' = 'open';
  try {
    const reached = reachPath(native);
    try {
      // Windows has neither of the last two, and there undefined counts as 0.
      const noFollow = follow ? 0 : constants.O_NOFOLLOW;
      const handle = await open(reached.path, constants.O_RDONLY | constants.O_NONBLOCK | noFollow);
      try {
        operation = 'read';
        const stat = await handle.stat();
        if (!stat.isFile()) return { is: stat.isDirectory() ? 'absent' : 'special' };
        if (stat.size > LARGEST) throw tooLarge();
        return { is: 'file', text: await handle.readFile('latin1') };
      } finally {
        await handle.close();
      }
    } finally {
      reached.close();
    }
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'absent' };
    // A link is ELOOP, on some systems EMLINK; a socket is ENXIO.
    if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO') return { is: 'special' };
    return { is: 'unreadable', operation, error };
  }
}

function tooLarge(): Error {
  const message = `a file of ignore patterns must have at most ${String(LARGEST)} bytes`;
  return Object.assign(new Error(message), { code: 'EFBIG' });
}
