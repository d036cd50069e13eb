import type { GlobPositions } from './glob-positions.js';

const SLASH = 0x2f;

/** One way in which a glob matches. */
export interface Chain {
  /** Of the glob. */
  readonly number: number;
  readonly positions: GlobPositions;
}

/**
 * All globs of a list as one automaton, which reads a path once, a name after the other. Each position of each glob is one
 * bit, and one step moves 32 of them, so that the time is that of the bits and the bytes of the name, whatever they are:
 * nothing is ever tried again.
 *
 * A state is what a path has matched so far, at the beginning of a name. States are never changed.
 */
export class GlobAutomaton {
  /** The state at the directory that the globs are relative to. */
  readonly start: Int32Array;
  /** Bits that cost as much as the others, up to the next 32. */
  readonly unusedBits: number;
  readonly #words: number;
  /** For each class of bytes, the positions that such a byte leads to; the first word of the class of a byte. */
  readonly #rows: Int32Array;
  readonly #rowOf = new Int32Array(256);
  /** Positions that stay within a name, and those that stay at a slash, too. */
  readonly #stay: Int32Array;
  readonly #trees: Int32Array;
  /** Positions from which a slash also leads to the next one. */
  readonly #spill: Int32Array;
  readonly #last: Int32Array;
  /** For each position that is the last one of a glob, the number of that glob. */
  readonly #globAt: ReadonlyMap<number, number>;
  /** Only ever used within one call. */
  readonly #scratch: Int32Array;

  constructor(chains: readonly Chain[]) {
    const count = chains.reduce((sum, { positions }) => sum + positions.steps.length, 0);
    const bits = () => new Int32Array(Math.ceil(count / 32));
    this.#words = Math.ceil(count / 32);
    this.unusedBits = this.#words * 32 - count;
    this.start = bits();
    this.#stay = bits();
    this.#trees = bits();
    this.#spill = bits();
    this.#last = bits();
    this.#scratch = bits();
    const globAt = new Map<number, number>();
    const reachedBy = Array.from({ length: 256 }, (): number[] => []);
    let first = 0;
    for (const { number, positions } of chains) {
      const { steps, stars, trees } = positions;
      set(this.start, first);
      for (const at of stars) set(this.#stay, first + at);
      for (const at of trees) {
        set(this.#stay, first + at);
        set(this.#trees, first + at);
      }
      for (const [at, step] of steps.entries()) {
        if (typeof step === 'number') reachedBy[step]?.push(first + at);
        else if (step) reach(reachedBy, step, first + at);
        else if (at > 0) set(this.#spill, first + at - 1);
      }
      const last = first + steps.length - 1;
      set(this.#last, last);
      globAt.set(last, number);
      first += steps.length;
    }
    this.#globAt = globAt;
    this.#rows = this.#fillRows(reachedBy);
    this.#spillOver(this.start);
  }

  /** Calls `found` with each glob that matches a name below the directory of a state. */
  match(state: Int32Array, name: string, found: (glob: number) => void): void {
    const bits = this.#read(state, name);
    for (let w = 0; w < bits.length; w++) {
      for (let left = (bits[w] ?? 0) & (this.#last[w] ?? 0); left !== 0; left &= left - 1) {
        found(this.#globAt.get(w * 32 + 31 - Math.clz32(left & -left)) ?? -1);
      }
    }
  }

  /** Returns the state in the directory of that name, the same one where nothing has changed; undefined for a dead end. */
  enter(state: Int32Array, name: string): Int32Array | undefined {
    const bits = this.#read(state, name);
    const row = this.#rowOf[SLASH] ?? 0;
    for (let w = bits.length - 1; w >= 0; w--) {
      const moved = ((bits[w] ?? 0) << 1) | ((bits[w - 1] ?? 0) >>> 31);
      bits[w] = (moved & (this.#rows[row + w] ?? 0)) | ((bits[w] ?? 0) & (this.#trees[w] ?? 0));
    }
    this.#spillOver(bits);
    if (bits.every((word, w) => word === state[w])) return state;
    return bits.some((word) => word !== 0) ? bits.slice() : undefined;
  }

  /** Reads a name, and returns the positions at its end, which hold until the next call. */
  #read(state: Int32Array, name: string): Int32Array {
    const bits = this.#scratch;
    const rows = this.#rows;
    const stay = this.#stay;
    bits.set(state);
    for (let i = 0; i < name.length; i++) {
      const row = this.#rowOf[name.charCodeAt(i)] ?? 0;
      for (let w = bits.length - 1; w > 0; w--) {
        const word = bits[w] ?? 0;
        const moved = (word << 1) | ((bits[w - 1] ?? 0) >>> 31);
        bits[w] = (moved & (rows[row + w] ?? 0)) | (word & (stay[w] ?? 0));
      }
      const word = bits[0] ?? 0;
      bits[0] = ((word << 1) & (rows[row] ?? 0)) | (word & (stay[0] ?? 0));
    }
    return bits;
  }

  #spillOver(bits: Int32Array): void {
    let carry = 0;
    for (let w = 0; w < bits.length; w++) {
      const spilled = (bits[w] ?? 0) & (this.#spill[w] ?? 0);
      bits[w] = (bits[w] ?? 0) | (spilled << 1) | carry;
      carry = spilled >>> 31;
    }
  }

  /** Bytes that lead to the same positions share a row: most lead to none. */
  #fillRows(reachedBy: readonly (readonly number[])[]): Int32Array {
    const rows = new Map<string, readonly number[]>();
    for (const [byte, positions] of reachedBy.entries()) {
      const key = positions.join(' ');
      if (!rows.has(key)) rows.set(key, positions);
      this.#rowOf[byte] = [...rows.keys()].indexOf(key) * this.#words;
    }
    const filled = new Int32Array(rows.size * this.#words);
    for (const [index, positions] of [...rows.values()].entries()) {
      for (const at of positions) set(filled.subarray(index * this.#words), at);
    }
    return filled;
  }
}

function set(bits: Int32Array, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] ?? 0) | (1 << (at & 31));
}

/** No set holds a slash, which only stands for itself. */
function reach(reachedBy: readonly number[][], members: readonly boolean[], at: number): void {
  for (const [byte, isMember] of members.entries()) if (isMember && byte !== SLASH) reachedBy[byte]?.push(at);
}
