import { write } from 'node:fs';
import { promisify } from 'node:util';

const writeSome = promisify(write);

/** Writes all of `bytes` to a file; the system may take less than it is given, for instance on a nearly full disk. */
export async function writeFully(descriptor: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await writeSome(descriptor, bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
}
