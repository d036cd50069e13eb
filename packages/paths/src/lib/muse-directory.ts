import { readFileSync, statSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openLongPath } from './held-directory.js';
import { toFsPath } from './tree-path.js';

/** Returns `<root>/.muse`, the directory that holds all that Muse keeps about a working tree. */
export function museDir(root: string): string {
  return join(root, '.muse');
}

/** Returns `<root>/.muse/cache`: what is below it may be deleted at any time and costs time only. */
export function cacheDir(root: string): string {
  return join(root, '.muse', 'cache');
}

/** Returns `<root>/.muse/cache/stat.json`, the file of the stat cache. */
export function statCachePath(root: string): string {
  return join(root, '.muse', 'cache', 'stat.json');
}

/** Returns `<root>/.muse/snapshots`, the directory of the saved snapshots. */
export function snapshotsDir(root: string): string {
  return join(root, '.muse', 'snapshots');
}

/** Returns `<root>/.muse/snapshot.toml`, the file of the settings for the snapshots of a root. */
export function settingsPath(root: string): string {
  return join(root, '.muse', 'snapshot.toml');
}

/**
 * Returns the nearest directory, from `from` upwards, that holds a real directory `.muse`, as an absolute path;
 * undefined where there is none.
 *
 * `from` is a directory or a file, and need not exist. Its ancestors are those of the path as written: symbolic
 * links in it are not resolved, and a link named `.muse` does not count.
 *
 * @throws the system's error when `.muse` can neither be seen nor be ruled out, for instance EACCES or EIO.
 */
export async function findRoot(from: string): Promise<string | undefined> {
  let directory = resolve(from);
  for (;;) {
    if (await isDirectory(museDir(directory))) return directory;
    const parent = dirname(directory);
    if (parent === directory) return undefined;
    directory = parent;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  let reached;
  try {
    reached = openLongPath(toFsPath(path));
    return (await lstat(reached.path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  } finally {
    reached?.close();
  }
}

/** The facts that decide who is trusted. */
export interface OwnerFacts {
  /** The user who runs this process; undefined on a system without user ids, where everything is trusted. */
  readonly user: number | undefined;
  /** The text of `SUDO_UID`. */
  readonly sudo?: string | undefined;
  /** The owner of the directory that was named. */
  readonly named: number;
  /** The id that stands for every owner unknown in this user namespace. */
  readonly overflow?: number | undefined;
  /** True if each id of the system is mapped here, so that the overflow id is a user's like any other. */
  readonly allMapped?: boolean | undefined;
  /** Owners that the caller trusts besides. */
  readonly also?: readonly number[] | undefined;
}

/** The largest number that is a user's; the one above stands for none. */
const MAX_UID = 0xff_ff_ff_fe;

/**
 * Whose settings and rules count for a directory: whoever can write above it, as everybody can in `/tmp`, could lay down
 * there what is left out of it. Trusted are the user, with `sudo` the one who called it, root, and the directory's owner.
 */
export class TrustedOwners {
  readonly #facts: OwnerFacts;
  readonly #trusted: ReadonlySet<number>;

  constructor(facts: OwnerFacts) {
    this.#facts = facts;
    const { user, sudo = '', named } = facts;
    const caller = user === 0 && /^\d{1,10}$/.test(sudo) && Number(sudo) <= MAX_UID ? [Number(sudo)] : [];
    this.#trusted = new Set([0, named, ...(user === undefined ? [] : [user]), ...caller]);
  }

  /** Looks up what decides about a directory, which is there, and about this process. */
  static of(directory: string, also: readonly number[] = []): TrustedOwners {
    const { uid: named } = statSync(toFsPath(directory));
    const facts = { user: process.geteuid?.(), sudo: process.env['SUDO_UID'], named, also };
    return new TrustedOwners(process.platform === 'linux' ? { ...facts, ...namespaceFacts() } : facts);
  }

  /** Returns true if what `uid` owns at the directory, or above it, counts. */
  trusts(uid: number, place: 'at' | 'above'): boolean {
    const { user, named, overflow, allMapped = false, also = [] } = this.#facts;
    if (user === undefined || also.includes(uid)) return true;
    if (uid !== overflow || allMapped) return this.#trusted.has(uid);
    return place === 'at' && named === uid;
  }
}

type NamespaceFacts = Pick<OwnerFacts, 'overflow' | 'allMapped'>;

/** The user namespace of this process: a process enters another one before it starts Node, or never. */
let namespace: NamespaceFacts | undefined;

function namespaceFacts(): NamespaceFacts {
  return (namespace ??= {
    overflow: Number(textOf('/proc/sys/kernel/overflowuid') ?? 65534),
    allMapped: /^\s*0\s+0\s+4294967295\s*$/.test(textOf('/proc/self/uid_map') ?? ''),
  });
}

/** Reads a file of the kernel's, which is small and there at once. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
