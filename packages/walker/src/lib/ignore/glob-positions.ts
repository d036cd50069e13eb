import { readBracket } from './bracket.js';

/** What leads from the position before to this one: a byte, or any byte of a set. */
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
