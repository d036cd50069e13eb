import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { toOpenable } from '@muse/paths';
import { IgnoreFileError, type TextPosition } from './ignore-file-error.js';

/** Bytes. A larger one is no list that a person wrote. */
const largest = 1 << 20;
// Windows has neither O_NONBLOCK nor O_NOFOLLOW, and there undefined counts as 0.
const flags = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Reads a small text file; undefined where there is none.
 *
 * A link is not followed, and a FIFO neither waited for nor read.
 *
 * @throws IgnoreFileError beginning with `action`, for anything but absence and a regular UTF-8 file of at most 1 MiB.
 */
export async function readTextFile(file: string, action: string): Promise<string | undefined> {
  const bytes = await readBytes(file, action, flags | constants.O_NOFOLLOW);
  return bytes && decode(bytes, file, action);
}

/** Reads a small text file that a person has named: a link is followed, and absence is an error, too. */
export async function readNamedFile(file: string, action: string): Promise<string> {
  const bytes = await readBytes(file, action, flags);
  if (bytes) return decode(bytes, file, action);
  throw new IgnoreFileError(action, file, 'there is no such file');
}

function decode(bytes: Buffer, file: string, action: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw new IgnoreFileError(action, file, 'must be UTF-8, but here is a byte that is not', {
    at: firstBadByte(bytes),
  });
}

async function readBytes(file: string, action: string, openFlags: number): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(toOpenable(file), openFlags);
    const stat = await handle.stat();
    if (!stat.isFile()) throw new IgnoreFileError(action, file, 'must be a regular file, but is not');
    const bytes = Buffer.alloc(largest + 1);
    const length = await readUpTo(handle, bytes);
    if (length > largest)
      throw new IgnoreFileError(action, file, `must be at most ${largest} bytes, but is larger`);
    return bytes.subarray(0, length);
  } catch (cause) {
    if (cause instanceof IgnoreFileError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const reason =
      code === 'ELOOP'
        ? 'must be a regular file, but is a symbolic link'
        : message.replace(/, \w+ '.*'$/s, '');
    throw new IgnoreFileError(action, file, reason, { cause });
  } finally {
    await handle?.close();
  }
}

async function readUpTo(handle: FileHandle, bytes: Buffer): Promise<number> {
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) return length;
    length += bytesRead;
  }
}

function firstBadByte(bytes: Buffer): TextPosition {
  let start = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    const content = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(content) || end < 0) return { line, column: content.toString().indexOf('\ufffd') + 1 };
    start = end + 1;
  }
}
