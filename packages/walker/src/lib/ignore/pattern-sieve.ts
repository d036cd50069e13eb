/**
 * Tells cheaply that no pattern can match a path, which holds for nearly all of them.
 *
 * Errs to one side only: `true` decides nothing. Of each pattern it keeps one thing that a matching path must have.
 */
export class PatternSieve {
  readonly #names = new Set<string>();
  /** By what stands from the last dot on. */
  readonly #suffixes = new Map<string, string[]>();
  readonly #prefixes: string[] = [];
  readonly #pieces: string[] = [];
  /** The last segments of these hold wildcards only. */
  readonly #piecesOfPath: string[] = [];

  constructor(patterns: Iterable<string>) {
    for (const pattern of patterns) {
      if (pattern !== '' && !pattern.startsWith('#')) this.#add(pattern.replace(/^!/, ''));
    }
  }

  /** False where no pattern matches the entry itself; what its parents match is not looked at. */
  mayMatch(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (this.#names.has(name)) return true;
    const dot = name.lastIndexOf('.');
    const suffixes = dot < 0 ? undefined : this.#suffixes.get(name.slice(dot));
    if (suffixes?.some((suffix) => name.endsWith(suffix))) return true;
    for (const prefix of this.#prefixes) if (name.startsWith(prefix)) return true;
    for (const piece of this.#pieces) if (name.includes(piece)) return true;
    for (const piece of this.#piecesOfPath) if (path.includes(piece)) return true;
    return false;
  }

  #add(pattern: string): void {
    const whole = pattern.replace(/^\\([#!])/, '$1').replace(/\/$/, '');
    const bracket = whole.indexOf('[');
    // A bracket stands for one character, so a star in its place matches more.
    const plain = bracket < 0 ? whole : `${whole.slice(0, bracket)}*`;
    // What is escaped, or what a slash after a bracket means, is for the matcher to say: let every path through.
    if (/\\|[ \r\n]$/.test(whole) || whole.includes('/', plain.length)) this.#pieces.push('');
    else this.#addSegments(plain.split('/'));
  }

  #addSegments(segments: readonly string[]): void {
    const last = segments.at(-1) ?? '';
    const pieces = last.split(/[*?]+/);
    const prefix = pieces[0] ?? '';
    const suffix = pieces.at(-1) ?? '';
    const piece = longest(pieces);
    if (piece === '') this.#piecesOfPath.push(longest(segments.flatMap((segment) => segment.split(/[*?]+/))));
    else if (pieces.length === 1) this.#names.add(last);
    else if (suffix.includes('.')) this.#addSuffix(suffix);
    else if (prefix !== '') this.#prefixes.push(prefix);
    else this.#pieces.push(piece);
  }

  #addSuffix(suffix: string): void {
    const extension = suffix.slice(suffix.lastIndexOf('.'));
    const known = this.#suffixes.get(extension);
    if (known === undefined) this.#suffixes.set(extension, [suffix]);
    else known.push(suffix);
  }
}

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), '');
}
