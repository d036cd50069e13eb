import { treePathFromBytes } from '@muse/paths';

/** Returns a path in quotes for a message, with control characters and undecodable bytes escaped. */
export function quotePath(path: string | Uint8Array): string {
  return JSON.stringify(typeof path === 'string' ? path : treePathFromBytes(path));
}

/** A file kept changing while it was read, so no object id is true of it. */
export class TornFileError extends Error {
  override readonly name = 'TornFileError';
  readonly code = 'ETORN';
  readonly path: string | Uint8Array;

  constructor(path: string | Uint8Array, tries: number) {
    super(`Cannot hash ${quotePath(path)}: it changed each of the ${tries} times it was read`);
    this.path = path;
  }
}

/** A path leads to something that has no content to hash: a directory, a symbolic link, a FIFO, a socket, a device. */
export class NotRegularFileError extends Error {
  override readonly name = 'NotRegularFileError';
  readonly code = 'ENOTREG';
  readonly path: string | Uint8Array;

  constructor(path: string | Uint8Array, kind: string) {
    super(`Cannot hash ${quotePath(path)}: it is a ${kind}, not a regular file`);
    this.path = path;
  }
}

/** A path no longer leads to the inode that was listed under it; list its directory again. */
export class MovedFileError extends Error {
  override readonly name = 'MovedFileError';
  readonly code = 'EMOVED';
  readonly path: string | Uint8Array;

  constructor(path: string | Uint8Array) {
    super(`Cannot hash ${quotePath(path)}: another file has taken its place since it was listed`);
    this.path = path;
  }
}
