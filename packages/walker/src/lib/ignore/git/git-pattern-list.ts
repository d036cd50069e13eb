import { parseGitIgnore, type GitPattern } from './git-pattern.js';

/** The patterns of one file, of which the last that matches decides. */
export class GitPatternList {
  readonly #names = new Map<string, Ranked[]>();
  readonly #paths = new Map<string, Ranked[]>();
  /** By what stands from the last dot on. */
  readonly #suffixes = new Map<string, Ranked[]>();
  readonly #others: Ranked[] = [];

  /** `text` has one character for each byte of the file. */
  constructor(text: string) {
    for (const [rank, pattern] of parseGitIgnore(text).entries()) this.#add({ rank, pattern });
  }

  /**
   * Returns the pattern that decides about an entry itself, whatever is decided above it.
   *
   * `path` is relative to the directory of the file, and has one character for each byte.
   */
  decide(path: string, name: string, directory: boolean): GitPattern | undefined {
    const dot = name.lastIndexOf('.');
    let best: Ranked | undefined;
    const offer = (candidates: readonly Ranked[] | undefined) => {
      if (!candidates) return;
      for (const candidate of candidates) {
        if (best && best.rank > candidate.rank) continue;
        if (candidate.pattern.directoriesOnly && !directory) continue;
        if (matches(candidate.pattern, path, name)) best = candidate;
      }
    };
    offer(this.#names.get(name));
    offer(this.#paths.get(path));
    if (dot >= 0) offer(this.#suffixes.get(name.slice(dot)));
    offer(this.#others);
    return best?.pattern;
  }

  #add(ranked: Ranked): void {
    const { match } = ranked.pattern;
    if (match.kind === 'name') push(this.#names, match.text, ranked);
    else if (match.kind === 'path') push(this.#paths, match.text, ranked);
    else if (match.kind === 'suffix' && match.text.includes('.')) {
      push(this.#suffixes, match.text.slice(match.text.lastIndexOf('.')), ranked);
    } else this.#others.push(ranked);
  }
}

/** A pattern and its place among the others: a higher one overrules a lower one. */
interface Ranked {
  readonly rank: number;
  readonly pattern: GitPattern;
}

function matches({ match }: GitPattern, path: string, name: string): boolean {
  switch (match.kind) {
    case 'name':
      return name === match.text;
    case 'path':
      return path === match.text;
    case 'suffix':
      return name.endsWith(match.text);
    case 'name-glob':
      return match.glob.test(name);
    case 'path-glob':
      return path.startsWith(match.prefix) && match.glob.test(path.slice(match.prefix.length));
  }
}

function push(map: Map<string, Ranked[]>, key: string, ranked: Ranked): void {
  const known = map.get(key);
  if (known) known.push(ranked);
  else map.set(key, [ranked]);
}
