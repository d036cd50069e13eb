import { isUtf8 } from 'node:buffer';
import { FileReadError, readGuarded, type GuardedFile } from '@muse/paths/files';
import { IgnoreFileError, type TextPosition } from './ignore-file-error.js';

/** Bytes. A larger one is no list that a person wrote. */
const LARGEST = 1 << 20;

/** What a small file holds, and who owns it. */
export interface TextFile {
  readonly text: string;
  readonly uid: number;
}

/**
 * Reads a small text file; undefined where there is none. A link is not followed.
 *
 * @throws IgnoreFileError beginning with `action`, for anything but absence and a regular UTF-8 file of at most 1 MiB.
 */
export async function readTextFile(file: string, action: string): Promise<TextFile | undefined> {
  const read = await readBytes(file, action, false);
  return read && { text: decode(read.bytes, file, action), uid: read.stat.uid };
}

/** Reads a small text file that a person has named: a link is followed, and absence is an error, too. */
export async function readNamedFile(file: string, action: string): Promise<string> {
  const read = await readBytes(file, action, true);
  if (read) return decode(read.bytes, file, action);
  throw new IgnoreFileError(action, file, 'there is no such file');
}

function decode(bytes: Buffer, file: string, action: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw new IgnoreFileError(action, file, 'must be UTF-8, but here is a byte that is not', {
    at: firstBadByte(bytes),
  });
}

async function readBytes(file: string, action: string, follow: boolean): Promise<GuardedFile | undefined> {
  try {
    return await readGuarded(file, { maxBytes: LARGEST, follow });
  } catch (cause) {
    if (!(cause instanceof FileReadError)) throw cause;
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw new IgnoreFileError(action, file, cause.reason, { cause });
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
