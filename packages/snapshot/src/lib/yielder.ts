import { setImmediate as nextTurn } from 'node:timers/promises';

/** The longest that one turn of the event loop is held, milliseconds. */
const TURN_MS = 4;
/** Steps between two looks at the clock. */
const STRIDE = 64;

/** Gives the event loop a turn now and then during a long loop on this thread. */
export class Yielder {
  #since = performance.now();
  #steps = 0;

  /**
   * Notes that so many steps were taken. Returns a promise when it is time to give way, to be awaited; else `undefined`,
   * which is not worth an await.
   */
  step(count = 1): Promise<void> | undefined {
    this.#steps += count;
    if (this.#steps < STRIDE) return undefined;
    this.#steps = 0;
    return performance.now() - this.#since < TURN_MS ? undefined : this.#giveWay();
  }

  async #giveWay(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
