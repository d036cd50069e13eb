import { itemOf } from '../scan/reply.js';

/** The step to a position from the one before it: a byte, or any byte of a set. */
export type Step = number | readonly boolean[];

/**
 * A glob as a chain of positions in what it has matched so far, each of which is one bit of a {@link GlobAutomaton}. A
 * glob begins at its first position, and has matched when a name ends at its last one.
 */
export interface GlobPositions {
  /** For each position the step that leads to it; undefined for the first, and for one behind `**` + `/`. */
  readonly steps: (Step | undefined)[];
  /** Positions where a star stays, whatever byte comes but a slash. */
  readonly stars: Set<number>;
  /** Positions where `**` stays, whatever comes, and from which each slash also leads to the position behind. */
  readonly trees: Set<number>;
}

const SLASH = 0x2f;
const ANY: readonly boolean[] = Array.from({ length: 256 }, () => true);

/** Turns the glob of a name, which is matched at any depth, into positions; one that matches nothing has none. */
export function positionsOfName(glob: string): GlobPositions[] {
  return some(new Reader(glob, false).read());
}

/**
 * Turns the glob of a path into positions, as one chain or two. Git compares what stands before the first wildcard apart,
 * and takes the rest for a glob of its own, so that a `**` there counts as a segment even in the middle of one: `foo**` +
 * `/bar` matches `foobar`, and `foo-1/x/bar`.
 */
export function positionsOfPath(glob: string): GlobPositions[] {
  const at = glob.search(/[*?[\\]/);
  const [all, end] = /^(?:\*\*+\/)*(\*\*+(?:$|\\\/))?/.exec(glob.slice(at)) ?? [];
  if (at <= 0 || glob.charAt(at - 1) === '/' || !all) return some(new Reader(glob, true).read());
  const before = glob.slice(0, at);
  const after = glob.slice(at + all.length);
  if (end === undefined) return spelt(`${before}*/**/${after}`, before + after);
  return end.endsWith('/') ? spelt(`${before}*/**/${after}`) : spelt(`${before}*/**`, `${before}*`);
}

function spelt(...globs: readonly string[]): GlobPositions[] {
  return globs.flatMap((glob) => some(new Reader(glob, true).read()));
}

function some(positions: GlobPositions | undefined): GlobPositions[] {
  return positions ? [positions] : [];
}

class Reader implements GlobPositions {
  readonly steps: (Step | undefined)[] = [undefined];
  readonly stars = new Set<number>();
  readonly trees = new Set<number>();
  readonly #glob: string;
  readonly #path: boolean;

  constructor(glob: string, path: boolean) {
    this.#glob = glob;
    this.#path = path;
    if (!path) this.#tree();
  }

  /** Returns undefined for a glob that matches nothing: with an open bracket, or a backslash at its end. */
  read(): GlobPositions | undefined {
    const glob = this.#glob;
    for (let i = 0; i < glob.length;) {
      const character = glob.charAt(i);
      if (character === '*') {
        const from = i;
        while (glob.charAt(i) === '*') i++;
        i = this.#star(from, i);
      } else if (character === '?') {
        this.#step(ANY);
        i++;
      } else if (character === '[') {
        const bracket = readBracket(glob, i + 1);
        if (!bracket) return undefined;
        this.#step(bracket.members);
        i = bracket.end;
      } else {
        if (character === '\\' && ++i === glob.length) return undefined;
        this.#step(glob.charCodeAt(i++));
      }
    }
    return this;
  }

  /** Reads a run of stars and returns where to go on: two or more that fill a segment stand for any number of segments. */
  #star(from: number, to: number): number {
    const glob = this.#glob;
    const fills = this.#path && to - from > 1 && (from === 0 || glob.charAt(from - 1) === '/');
    if (fills && glob.startsWith('\\/', to)) {
      // An escaped slash is not skipped with the stars, so that there is one segment at least.
      this.stars.add(this.#last);
      this.#step(SLASH);
      this.#tree();
      return to + 2;
    }
    if (fills && glob.charAt(to) === '/') {
      this.#tree();
      return to + 1;
    }
    if (fills && to === glob.length) this.trees.add(this.#last);
    else this.stars.add(this.#last);
    return to;
  }

  #tree(): void {
    // Two in a row mean what one does.
    if (this.trees.has(this.#last - 1) && this.steps[this.#last] === undefined) return;
    this.trees.add(this.#last);
    this.steps.push(undefined);
  }

  #step(step: Step): void {
    this.steps.push(step);
  }

  get #last(): number {
    return this.steps.length - 1;
  }
}

/** The bytes that a bracket expression stands for. */
export interface Bracket {
  /** For each byte, whether it is in the set. */
  readonly members: boolean[];
  /** The index after the closing bracket. */
  readonly end: number;
}

/**
 * Reads a bracket expression of a glob from the index after its `[`, as git does.
 *
 * @returns undefined where it is not closed, or names a class that there is not: such a glob matches nothing.
 */
export function readBracket(glob: string, start: number): Bracket | undefined {
  let i = start;
  const negated = glob.charAt(i) === '!' || glob.charAt(i) === '^';
  if (negated) i++;
  const members = Array.from({ length: 256 }, () => false);
  const add = (from: number, to = from) => {
    for (let byte = from; byte <= to; byte++) members[byte] = true;
  };
  /** The member before, from which a range may start. */
  let before: number | undefined;
  // A bracket right at the start stands for itself.
  do {
    if (i >= glob.length) return undefined;
    const character = glob.charAt(i);
    if (character === '-' && before !== undefined && i + 1 < glob.length && glob.charAt(i + 1) !== ']') {
      i += glob.charAt(i + 1) === '\\' ? 2 : 1;
      if (i >= glob.length) return undefined;
      add(before, glob.charCodeAt(i));
      before = undefined;
    } else if (character === '[' && glob.charAt(i + 1) === ':') {
      const close = glob.indexOf(']', i + 2);
      if (close < 0) return undefined;
      if (close > i + 2 && glob.charAt(close - 1) === ':') {
        const bytes = classes[glob.slice(i + 2, close - 1)];
        if (!bytes) return undefined;
        for (const byte of bytes) add(byte);
        before = undefined;
        i = close;
      } else {
        add((before = 0x5b));
      }
    } else {
      if (character === '\\') i++;
      if (i >= glob.length) return undefined;
      add((before = glob.charCodeAt(i)));
    }
    i++;
  } while (glob.charAt(i) !== ']');
  return { members: negated ? members.map((member) => !member) : members, end: i + 1 };
}

const ascii = Array.from({ length: 128 }, (_, byte) => byte);
const bytesOf = (set: RegExp) => ascii.filter((byte) => set.test(String.fromCharCode(byte)));

// A prototype would make a class of `constructor`.
const classes: Readonly<Partial<Record<string, readonly number[]>>> = Object.assign(
  Object.create(null) as object,
  {
    alnum: bytesOf(/[A-Za-z0-9]/),
    alpha: bytesOf(/[A-Za-z]/),
    blank: bytesOf(/[ \t]/),
    cntrl: ascii.filter((byte) => byte < 0x20 || byte === 0x7f),
    digit: bytesOf(/[0-9]/),
    graph: bytesOf(/[!-~]/),
    lower: bytesOf(/[a-z]/),
    print: bytesOf(/[ -~]/),
    punct: bytesOf(/[!-/:-@[-`{-~]/),
    space: bytesOf(/[ \t\n\r]/),
    upper: bytesOf(/[A-Z]/),
    xdigit: bytesOf(/[A-Fa-f0-9]/),
  },
);

/** One way in which a glob matches. */
export interface Chain {
  /** The number of the glob. */
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
        const glob = this.#globAt.get(w * 32 + 31 - Math.clz32(left & -left));
        if (glob === undefined) throw new RangeError('Broken automaton: a glob ends that is none');
        found(glob);
      }
    }
  }

  /** Returns the state in the directory of that name, the same one where nothing has changed; undefined for a dead end. */
  enter(state: Int32Array, name: string): Int32Array | undefined {
    const bits = this.#read(state, name);
    const row = itemOf(this.#rowOf, SLASH);
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
      const row = itemOf(this.#rowOf, name.charCodeAt(i));
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
