import { setImmediate as nextTurn } from 'node:timers/promises';

/** The longest that one turn of the event loop is held, milliseconds. */
const TURN_MS = 4;
/** Steps between two looks at the clock. */
const STRIDE = 64;

/** Gives the event loop a turn now and then during a long loop on this thread. */
export class Breather {
  #since = performance.now();
  #steps = 0;

  /** Returns a promise when it is time to give way, to be awaited; else `undefined`, which is not worth an await. */
  step(): Promise<void> | undefined {
    if (++this.#steps % STRIDE !== 0 || performance.now() - this.#since < TURN_MS) return undefined;
    return this.#giveWay();
  }

  async #giveWay(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
