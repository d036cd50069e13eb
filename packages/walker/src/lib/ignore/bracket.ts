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
