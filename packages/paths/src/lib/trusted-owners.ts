import { stat } from 'node:fs/promises';
import { toOpenable } from './path-bytes.js';
import { readGuarded } from './read-guarded.js';

/** What decides who is trusted. */
export interface OwnerFacts {
  /** Who runs this process; undefined on a system without user ids, where everything is trusted. */
  readonly user: number | undefined;
  /** The text of `SUDO_UID`. */
  readonly sudo?: string | undefined;
  /** The owner of the directory that was named. */
  readonly named: number;
  /** What stands for every owner that cannot be told in this user namespace. */
  readonly overflow?: number | undefined;
  /** Whether each id of the system is one here as well, so that the overflow id is a user's like another. */
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
  static async of(directory: string, also: readonly number[] = []): Promise<TrustedOwners> {
    const { uid: named } = await stat(toOpenable(directory));
    const user = process.geteuid?.();
    const sudo = process.env['SUDO_UID'];
    if (process.platform !== 'linux') return new TrustedOwners({ user, sudo, named, also });
    const overflow = Number((await textOf('/proc/sys/kernel/overflowuid')) ?? 65534);
    const allMapped = /^\s*0\s+0\s+4294967295\s*$/.test((await textOf('/proc/self/uid_map')) ?? '');
    return new TrustedOwners({ user, sudo, named, also, overflow, allMapped });
  }

  /** Whether what `uid` owns counts, where it lies at the directory itself, or above it. */
  trusts(uid: number, place: 'at' | 'above'): boolean {
    const { user, named, overflow, allMapped = false, also = [] } = this.#facts;
    if (user === undefined || also.includes(uid)) return true;
    if (uid !== overflow || allMapped) return this.#trusted.has(uid);
    return place === 'at' && named === uid;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return readGuarded(path, { maxBytes: 4096 }).then(
    ({ bytes }) => bytes.toString('latin1').trim(),
    () => undefined,
  );
}
