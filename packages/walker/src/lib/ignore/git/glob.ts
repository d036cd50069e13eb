import { readSet } from './glob-set.js';

/** What a glob's wildcards stand for. */
export interface GlobOptions {
  /** True for the glob of a path: only `**` crosses a slash. False for that of a name, which holds none. */
  readonly path: boolean;
}

type Star = 'name' | 'tree' | 'tree/';

/** A run of things of fixed length, and the star in front of it, if there is one. */
interface Piece {
  readonly star: Star | undefined;
  body: string;
}

/**
 * Compiles a glob as git understands it, over texts in which one character is one byte.
 *
 * What stands before the first wildcard of a path is compared by git apart, so that `**` counts as a segment of its own
 * at the start of what it is given here: `a**` + `/b` is the glob of a path that begins with `a`.
 *
 * @returns undefined for a glob that matches nothing, such as one with an open bracket or a backslash at its end.
 */
export function compileGlob(glob: string, { path }: GlobOptions): RegExp | undefined {
  const pieces: Piece[] = [{ star: undefined, body: '' }];
  const add = (text: string) => {
    const last = pieces.at(-1);
    if (last) last.body += text;
  };
  for (let i = 0; i < glob.length;) {
    const character = glob.charAt(i);
    if (character === '*') {
      const from = i;
      while (glob.charAt(i) === '*') i++;
      const star = path ? starAt(glob, from, i) : 'tree';
      if (star === 'tree/') i++;
      pieces.push({ star, body: '' });
    } else if (character === '?') {
      add(path ? '[^/]' : '[^]');
      i++;
    } else if (character === '[') {
      const set = readSet(glob, i + 1);
      if (!set) return undefined;
      if (path) set.members[0x2f] = false;
      add(classOf(set.members));
      i = set.end;
    } else {
      if (character === '\\' && ++i === glob.length) return undefined;
      add(literal(glob.charAt(i++)));
    }
  }
  return new RegExp(`^${source(pieces)}$`);
}

/** A run of stars from `from` up to `to`: two or more that fill a segment cross slashes, all others do not. */
function starAt(glob: string, from: number, to: number): Star {
  const fills = to - from > 1 && (from === 0 || glob.charAt(from - 1) === '/');
  if (!fills) return 'name';
  if (glob.charAt(to) === '/') return 'tree/';
  return to === glob.length || glob.startsWith('\\/', to) ? 'tree' : 'name';
}

const starSources: Readonly<Record<Star, string>> = {
  name: '[^/]*?',
  tree: '[^]*?',
  'tree/': '(?:[^]*?/)??',
};

/**
 * Joins the pieces so that no choice is tried again that cannot matter: a star gives up what it took only for the sake
 * of what follows up to the next star of its kind. Otherwise `*a*a*a*a*b` takes minutes on a long name.
 */
function source(pieces: readonly Piece[]): string {
  const groups: Piece[][] = [];
  for (const piece of pieces) {
    const group = groups.at(-1);
    if (group === undefined || (piece.star !== undefined && piece.star !== 'name')) groups.push([piece]);
    else group.push(piece);
  }
  let name = 0;
  const once = (text: string) => {
    name++;
    return `(?=(?<g${name}>${text}))\\k<g${name}>`;
  };
  return groups
    .map((group, index) => {
      const text = group
        .map(({ star, body }, at) => {
          const plain = (star ? starSources[star] : '') + body;
          return star === 'name' && at < group.length - 1 ? once(plain) : plain;
        })
        .join('');
      return index > 0 && index < groups.length - 1 ? once(text) : text;
    })
    .join('');
}

function classOf(members: readonly boolean[]): string {
  let text = '';
  for (let from = 0; from < members.length; from++) {
    if (members[from] !== true) continue;
    let to = from;
    while (members[to + 1] === true) to++;
    text += to === from ? hex(from) : `${hex(from)}-${hex(to)}`;
    from = to;
  }
  return `[${text}]`;
}

function literal(character: string): string {
  return /\w/.test(character) ? character : hex(character.charCodeAt(0));
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
