import { closeSync, constants, existsSync, fstatSync, openSync, statfsSync, type BigIntStats } from 'node:fs';
import { asBuffer, isWellFormedPath, toFsPath, treePathToBytes } from './tree-path.js';

/** The identity of an inode: no other one has it at the same time. */
export type Identity = Pick<BigIntStats, 'dev' | 'ino'>;

/** Returns whether two identities are one inode. Numbers from 2^63 on may be signed in one and unsigned in the other. */
export function isSameInode(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && BigInt.asUintN(64, a.ino) === BigInt.asUintN(64, b.ino);
}

/** A directory that is held open: whatever becomes of its path, what is reached through it is in this directory. */
export interface HeldDirectory {
  /** Leads to the directory itself until `close`: `/proc/self/fd/<N>`. */
  readonly path: string;
  readonly descriptor: number;
  /** Returns whether this is the inode with this identity. */
  is(identity: Identity): boolean;
  stat(): BigIntStats;
  /** Opens a directory in this one. Throws the system's error, `ENOTDIR` for a link. */
  below(name: string): HeldDirectory;
  close(): void;
}

/** Opens a directory, links before its last segment followed; `undefined` where the system cannot hold one. */
export type HoldDirectory = (path: string | Uint8Array) => HeldDirectory | undefined;

const DESCRIPTORS = '/proc/self/fd';
const PROC_SUPER_MAGIC = 0x9fa0;
const OPEN =
  constants.O_RDONLY |
  ((constants.O_DIRECTORY as number | undefined) ?? 0) |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0);

let usable: boolean | undefined;

/** Returns true if a descriptor can be reached by its number: on Linux, where `/proc` is mounted and may be read. */
function canHold(): boolean {
  usable ??= process.platform === 'linux' && isProc();
  return usable;
}

/** Needs no descriptor, so that a shortage of them is not taken for a system without. */
function isProc(): boolean {
  try {
    return statfsSync(DESCRIPTORS).type === PROC_SUPER_MAGIC;
  } catch {
    return false;
  }
}

/**
 * Opens a directory of any length of path, and holds it. `undefined` where a descriptor cannot be reached by its number:
 * on other systems than Linux, without `/proc`, and where Node's permission model forbids it.
 *
 * @throws the system's error when it cannot be opened for reading: `ENOTDIR` for a link, too.
 */
export function holdDirectory(path: string | Uint8Array): HeldDirectory | undefined {
  if (!canHold()) return undefined;
  const reached = openLongPath(path);
  try {
    return new DescriptorHold(openSync(reached.path, OPEN));
  } finally {
    reached.close();
  }
}

/** Options of {@link holdBelow}. */
export interface HoldBelowOptions {
  /** The root's identity, when it was resolved. Default: whatever is there, links followed. */
  readonly identity?: Identity | undefined;
  /** Default: {@link holdDirectory}. */
  readonly hold?: HoldDirectory | undefined;
}

/**
 * Holds the directory with a tree path below a root, and follows no link on the way: each directory is opened in the one
 * above it. The root itself may be a link.
 *
 * @throws the system's error for the first directory that cannot be opened; an error with the code `ENOTDIR` where
 * another root is there than `identity` says.
 */
export function holdBelow(
  root: string,
  path: string,
  { identity, hold = holdDirectory }: HoldBelowOptions = {},
): HeldDirectory | undefined {
  // With a dot at the end a link is followed that stands for the root.
  let held = hold(toFsPath(root.endsWith('/') ? `${root}.` : `${root}/.`));
  if (held === undefined) return undefined;
  if (identity && !held.is(identity)) {
    held.close();
    const message = `Cannot open ${JSON.stringify(root)}: another directory has taken its place`;
    throw Object.assign(new Error(message), { code: 'ENOTDIR', path: root });
  }
  for (const name of path === '' ? [] : path.split('/')) {
    const above: HeldDirectory = held;
    try {
      held = above.below(name);
    } finally {
      above.close();
    }
  }
  return held;
}

/** Returns the path of an entry of a directory, given as `directory`, for Node's `fs`. */
export function pathInDirectory(directory: string | Uint8Array, name: string): string | Buffer {
  if (typeof directory === 'string' && isWellFormedPath(name)) return `${directory}/${name}`;
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), treePathToBytes(name)]);
}

class DescriptorHold implements HeldDirectory {
  readonly path: string;
  readonly descriptor: number;
  #closed = false;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
    this.path = `${DESCRIPTORS}/${descriptor}`;
  }

  is(identity: Identity): boolean {
    return isSameInode(this.stat(), identity);
  }

  stat(): BigIntStats {
    return fstatSync(this.descriptor, { bigint: true });
  }

  below(name: string): HeldDirectory {
    return new DescriptorHold(openSync(pathInDirectory(this.path, name), OPEN));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.descriptor);
  }
}

// Long paths.

/** A path that the system takes, whatever the length of the one it stands for. */
export interface LongPath {
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
export function openLongPath(path: string | Uint8Array, room = 0): LongPath {
  // A UTF-16 unit is at most three bytes of UTF-8, so that nearly every string is done without counting.
  if (typeof path === 'string' && path.length * 3 + room <= MAX_PATH_BYTES) return { path, close: nothing };
  return openLongPathBy(process.platform === 'linux' ? '/proc/self/fd' : undefined, path, room);
}

/** @param descriptors - the directory where the process finds its descriptors by number, if the system has one */
export function openLongPathBy(
  descriptors: string | undefined,
  path: string | Uint8Array,
  room = 0,
): LongPath {
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
