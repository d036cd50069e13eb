/** The text that a thread works on, where another thread can see it even if the first never comes back. */
export class CurrentText {
  readonly memory: SharedArrayBuffer;
  /** How many texts there were, and how long this one is. */
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(8 + MOST_BYTES)) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, 8);
  }

  /** How many texts there were. */
  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  /** Says which text comes next. */
  set(text: Uint8Array): void {
    const length = Math.min(text.length, MOST_BYTES);
    this.#bytes.set(text.subarray(0, length));
    Atomics.store(this.#numbers, 1, length);
    Atomics.add(this.#numbers, 0, 1);
  }

  /** Returns a copy of the text. */
  get(): Buffer {
    return Buffer.from(this.#bytes.slice(0, Atomics.load(this.#numbers, 1)));
  }
}

const MOST_BYTES = 4 * 1024 * 1024;
