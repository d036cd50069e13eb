import { toNativePath, treePathFromBytes } from '@muse/paths';
import { TrustedOwners } from '@muse/paths/files';

/** Whose rules count. */
export interface RuleOwnerOptions {
  /**
   * The tree path of the directory that was named, where it is not the root: at it and above it the owners of rules count,
   * below it they do not. Default: `''`, the root.
   */
  readonly subtree?: string | undefined;
  /**
   * Ids of users whose rules count there, too, besides those of root, the user, and the owner of that directory. Default:
   * none.
   */
  readonly trustOwners?: readonly number[] | undefined;
}

/** Tells by its owner whether a file of rules counts. */
export class RuleOwners {
  readonly #owners: TrustedOwners;
  readonly #named: string;

  constructor(owners: TrustedOwners, named: string) {
    this.#owners = owners;
    this.#named = named;
  }

  static async of(root: string, { subtree = '', trustOwners }: RuleOwnerOptions): Promise<RuleOwners> {
    const native = toNativePath(root, subtree);
    const named = typeof native === 'string' ? native : treePathFromBytes(native);
    return new RuleOwners(await TrustedOwners.of(named, trustOwners), subtree);
  }

  /** Whether what `uid` owns counts in a directory of the tree; undefined is one above the root. */
  trusts(uid: number, directory: string | undefined): boolean {
    const place = this.#placeOf(directory);
    return place === 'below' || this.#owners.trusts(uid, place);
  }

  isBelow(directory: string | undefined): boolean {
    return this.#placeOf(directory) === 'below';
  }

  #placeOf(directory: string | undefined): 'above' | 'at' | 'below' {
    if (directory === this.#named) return 'at';
    const isAbove = directory === undefined || directory === '' || this.#named.startsWith(`${directory}/`);
    return isAbove ? 'above' : 'below';
  }
}
