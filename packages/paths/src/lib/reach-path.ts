import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { asBuffer, isWellFormedPath, treePathToBytes } from './path-bytes.js';

/** A path that the system takes, whatever the length of the one it stands for. */
export interface ReachedPath {
  /** To be given to one or more calls of `fs`, before `close`. */
  readonly path: string | Buffer;
  /** Gives back what keeps `path` usable; further calls do nothing. */
  readonly close: () => void;
}

/** Linux's PATH_MAX counts the closing NUL. */
const MAX_PATH_BYTES = 4095;
/** Leaves room for `/proc/self/fd/N/` in front. */
const MAX_STEP_BYTES = 3500;
const SLASH = 0x2f;

/**
 * Returns a path by which the system reaches the native path `path`, however long it is.
 *
 * Up to 4095 bytes it is `path` itself, and nothing is opened. A longer one is walked, on Linux, through directory
 * descriptors, and the result is `/proc/self/fd/<N>/<rest>`; N stays open until `close`. `rest` is not looked at, so
 * it may name something that is yet to be made. The walk does not follow a symbolic link at the end of a step.
 *
 * @param room - bytes that the caller will append to the result, such as a slash and a name; 0 by default.
 * @throws Error with the code ENAMETOOLONG for a longer one elsewhere, or where `/proc` is not mounted.
 * @throws the system's error when a directory on the way cannot be opened for reading.
 */
export function reachPath(path: string | Uint8Array, room = 0): ReachedPath {
  // A UTF-16 unit is at most three bytes of UTF-8, so that nearly every string is done without counting.
  if (typeof path === 'string' && path.length * 3 + room <= MAX_PATH_BYTES) return { path, close: nothing };
  return reachBy(process.platform === 'linux' ? '/proc/self/fd' : undefined, path, room);
}

/** @param descriptors - the directory where the process finds its descriptors by number, if the system has one */
export function reachBy(descriptors: string | undefined, path: string | Uint8Array, room = 0): ReachedPath {
  const bytes = typeof path === 'string' ? treePathToBytes(path) : asBuffer(path);
  const limit = MAX_PATH_BYTES - room;
  if (bytes.length <= limit) return { path: typeof path === 'string' ? path : bytes, close: nothing };
  if (descriptors === undefined || !existsSync(descriptors)) throw tooLong(path, bytes.length);

  let start = 0;
  let prefix = '';
  let descriptor: number | undefined;
  try {
    while (prefix.length + bytes.length - start > limit) {
      const end = bytes.lastIndexOf(SLASH, start + MAX_STEP_BYTES);
      if (end <= start) throw tooLong(path, bytes.length);
      const next = openDirectory(Buffer.concat([Buffer.from(prefix), bytes.subarray(start, end)]));
      const previous = descriptor;
      descriptor = next;
      if (previous !== undefined) closeSync(previous);
      prefix = `${descriptors}/${next}/`;
      start = end + 1;
    }
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw error;
  }

  const reached = Buffer.concat([Buffer.from(prefix), bytes.subarray(start)]);
  return {
    path: typeof path === 'string' && isWellFormedPath(path) ? reached.toString('utf8') : reached,
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

const nothing = Object.freeze(() => undefined);

function openDirectory(path: Buffer): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

function tooLong(path: string | Uint8Array, length: number): NodeJS.ErrnoException {
  const text = typeof path === 'string' ? path : asBuffer(path).toString('utf8');
  const start = JSON.stringify(`${text.slice(0, 60)}…`);
  return Object.assign(
    new Error(`Cannot reach ${start}: the path has ${length} bytes, and the system takes ${MAX_PATH_BYTES}`),
    { code: 'ENAMETOOLONG' },
  );
}
