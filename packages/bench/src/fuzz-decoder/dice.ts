import { seededRandom } from '@muse/testkit';

/** Choices that are the same for the same seed. */
export class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** Returns a whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  /** Returns true once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** Returns one of several. */
  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new RangeError('Cannot pick from nothing');
    return chosen;
  }

  /** Returns what `make` makes, up to `most` times, few more often than many. */
  some<T>(most: number, make: () => T): T[] {
    const count = Math.min(this.below(most + 1), this.below(most + 1));
    return Array.from({ length: count }, make);
  }
}
