import { closeSync, constants, fstatSync, openSync, statfsSync, type BigIntStats } from 'node:fs';
import { isWellFormedPath, toOpenable, treePathToBytes } from './path-bytes.js';
import { reachPath } from './reach-path.js';

/** A directory that is held open: whatever becomes of its path, what is reached through it is in this directory. */
export interface HeldDirectory {
  /** Leads to the directory itself until `close`: `/proc/self/fd/<N>`. */
  readonly path: string;
  readonly descriptor: number;
  /** Returns whether this is the inode with this identity. */
  is(identity: Pick<BigIntStats, 'dev' | 'ino'>): boolean;
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

/** Whether a descriptor can be reached by its number: on Linux, where `/proc` is mounted and may be read. */
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
  const reached = reachPath(path);
  try {
    return new DescriptorHold(openSync(reached.path, OPEN));
  } finally {
    reached.close();
  }
}

/** What a root is held as. */
export interface HoldBelowOptions {
  /** The root's identity, when it was resolved. Default: whatever is there, links followed. */
  readonly identity?: Pick<BigIntStats, 'dev' | 'ino'> | undefined;
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
  let held = hold(toOpenable(root.endsWith('/') ? `${root}.` : `${root}/.`));
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

  is({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): boolean {
    const stat = this.stat();
    // Node gives inode numbers from 2^63 on as negative ones.
    return stat.dev === dev && BigInt.asUintN(64, stat.ino) === BigInt.asUintN(64, ino);
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
