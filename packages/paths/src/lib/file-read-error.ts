import { treePathFromBytes } from './path-bytes.js';

/**
 * `ENOTREG` where something else than a regular file is in its place, `EFBIG` where it is larger than allowed, `EOTHER`
 * where it does not begin as the caller asks, else the system's code, such as `ENOENT`.
 */
export type FileReadErrorCode = 'ENOTREG' | 'EFBIG' | 'EOTHER' | (string & {});

/** A file was not read; the message names it, and says why. */
export class FileReadError extends Error {
  override readonly name = 'FileReadError';
  readonly code: FileReadErrorCode;
  /** As it was given. */
  readonly path: string | Uint8Array;
  /** Why, for a message that names the file itself: `it is a FIFO, not a regular file`, `permission denied`. */
  readonly reason: string;

  constructor(
    path: string | Uint8Array,
    reason: string,
    code: FileReadErrorCode,
    options?: { readonly cause?: unknown },
  ) {
    const text = typeof path === 'string' ? path : treePathFromBytes(path);
    super(`Cannot read ${JSON.stringify(text)}: ${reason}`, options);
    this.code = code;
    this.path = path;
    this.reason = reason;
  }
}
