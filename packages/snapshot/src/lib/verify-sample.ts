import { PathSet } from '@muse/paths';
import { randomInt } from 'node:crypto';
import type { IgnoreRules } from '@muse/walker';
import type { VerifyOptions } from './verify-types.js';

const RANGE = 2 ** 32;

/**
 * A sample of the files of a tree.
 *
 * Whether a file is in it depends on the seed and its path alone, so that a directory may be listed again.
 */
export class Sample {
  readonly seed: number;
  /** The files that were left out for not being in the sample. */
  readonly skipped = new PathSet();
  readonly #share: number;
  /** The file that is in the sample whatever its number is. */
  #added: string | undefined;

  /** @throws RangeError when the share of files is not from 0 to 1, or the seed is no number. */
  constructor({ sample = 1, seed = randomInt(RANGE) }: Pick<VerifyOptions, 'sample' | 'seed'>) {
    // Written so that it refuses NaN.
    if (!(sample >= 0 && sample <= 1)) {
      throw new RangeError(`Cannot verify the share ${sample} of all files: it must be from 0 to 1`);
    }
    if (!Number.isFinite(seed)) {
      throw new RangeError(`Cannot choose files by the seed ${seed}: it must be a finite number`);
    }
    this.seed = seed;
    this.#share = sample;
  }

  /** Returns rules that leave out what other rules do, and every file that is not in the sample besides. */
  over(rules: IgnoreRules | undefined): IgnoreRules {
    return {
      rootRule: rules?.rootRule,
      explain: (path, directory) => rules?.explain?.(path, directory),
      ignores: (path, directory) =>
        rules?.ignores(path, directory) === true || (!directory && this.#leavesOut(path)),
      enter: async (directory) => {
        const entered = await rules?.enter?.(directory);
        return { rules: this.over(entered?.rules ?? rules), problems: entered?.problems ?? [] };
      },
    };
  }

  /**
   * Takes one of the files that were skipped into the sample: of those that `fits` the first by its number, so that the
   * same seed gives the same file. Returns false where there is none.
   */
  addOne(fits: (path: string) => boolean): boolean {
    let least = Infinity;
    for (const path of this.skipped) {
      const number = this.#draw(path);
      if (number >= least || !fits(path)) continue;
      least = number;
      this.#added = path;
    }
    if (least < Infinity) this.skipped.clear();
    return least < Infinity;
  }

  #leavesOut(path: string): boolean {
    if (this.#share === 1 || path === this.#added || this.#draw(path) < this.#share) return false;
    this.skipped.add(path);
    return true;
  }

  /** Returns a number in [0, 1) for a path: FNV-1a over the seed and the path, then mixed by multiply and shift. */
  #draw(path: string): number {
    let hash = 0x811c9dc5;
    for (const text of [String(this.seed), '\0', path]) {
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / RANGE;
  }
}
