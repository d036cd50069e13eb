import { createReadStream, fstatSync, open, close, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** Whether this is something that whoever names it may want to be read to its end: a FIFO or a character device. */
export function isPipe(stat: Stats): boolean {
  return stat.isFIFO() || stat.isCharacterDevice();
}

/**
 * Opens a FIFO, a terminal or another character device as a stream; undefined where it is none of them. `flags` must not
 * let it block. No thread waits in a system call for bytes, or for somebody who writes, so that the process can end.
 */
export async function openPipe(
  native: string | Buffer,
  flags: number,
): Promise<{ readonly stream: Readable; readonly stat: Stats } | undefined> {
  const descriptor = await promisify(open)(native, flags);
  try {
    const stat = fstatSync(descriptor);
    if (isPipe(stat)) return { stream: streamOf(descriptor, stat), stat };
  } catch (error) {
    await promisify(close)(descriptor);
    throw error;
  }
  await promisify(close)(descriptor);
  return undefined;
}

/** The stream closes the descriptor. The two modules take milliseconds to load, and are seldom needed. */
function streamOf(fd: number, stat: Stats): Readable {
  if (stat.isFIFO()) {
    const { Socket } = process.getBuiltinModule('node:net');
    return new Socket({ fd, readable: true, writable: false });
  }
  const { isatty, ReadStream } = process.getBuiltinModule('node:tty');
  return isatty(fd) ? new ReadStream(fd) : createReadStream('', { fd });
}
