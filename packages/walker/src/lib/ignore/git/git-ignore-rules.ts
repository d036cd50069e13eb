import { toNativePath, treePathFromBytes } from '@muse/paths';
import { problemOf } from '../../problems.js';
import type { EnteredDirectory, IgnoreRule, WalkProblem } from '../../types.js';
import { byteText } from '../byte-text.js';
import type { Decision, RuleLayer } from '../rule-layer.js';
import { GitPatternList } from './git-pattern-list.js';
import { readPatternFile } from './read-pattern-file.js';

/** The patterns of one file, and where they count. */
export interface GitPatternSource {
  /** As a native path. */
  readonly file: string;
  /** The tree path, from the top of the repository, of the directory they are relative to; `''` is the top. */
  readonly base: string;
  readonly patterns: GitPatternList;
}

/** What is read before the first directory is. */
export interface GitIgnoreContext {
  /** The tree path of the root from the top of its repository; `''` where it is the top. */
  readonly prefix: string;
  /** The `.gitignore` files above the root. */
  readonly above: readonly GitPatternSource[];
  /** The repository's own patterns, which every `.gitignore` overrules. */
  readonly exclude: GitPatternSource | undefined;
  /** Hears of a `.gitignore` that is no regular file. */
  readonly warn: ((message: string) => void) | undefined;
}

/** The rules of the `.gitignore` files of a tree, each read when its directory is listed. */
export class GitIgnoreRules implements RuleLayer {
  readonly #prefix: string;
  readonly #exclude: GitPatternSource | undefined;
  readonly #warn: ((message: string) => void) | undefined;
  /** By the directory they are in. */
  readonly #sources = new Map<string, GitPatternSource>();
  /** Those that count for the entries of the directory asked about last, the first to decide first. */
  #scope: { readonly directory: string; readonly sources: readonly GitPatternSource[] } | undefined;

  constructor({ prefix, above, exclude, warn }: GitIgnoreContext) {
    this.#prefix = prefix;
    this.#exclude = exclude;
    this.#warn = warn;
    for (const source of above) this.#sources.set(source.base, source);
  }

  async enter({ root, path, mayHold }: EnteredDirectory): Promise<readonly WalkProblem[]> {
    const base = this.#fromTop(path);
    if (!mayHold('.gitignore')) {
      this.#set(base, undefined);
      return [];
    }
    const treePath = path === '' ? '.gitignore' : `${path}/.gitignore`;
    const native = toNativePath(root, treePath);
    const file = typeof native === 'string' ? native : treePathFromBytes(native);
    const found = await readPatternFile(native, { follow: false });
    this.#set(
      base,
      found.is === 'file' ? { file, base, patterns: new GitPatternList(found.text) } : undefined,
    );
    if (found.is === 'special') this.#warn?.(`Took no patterns from ${JSON.stringify(file)}: ${noFile}`);
    if (found.is !== 'unreadable') return [];
    const { error } = found;
    const { syscall = 'read' } = (error.cause ?? {}) as NodeJS.ErrnoException;
    return [{ ...problemOf(treePath, syscall, error), message: error.reason }];
  }

  decide(path: string, directory: boolean): Decision | undefined {
    const full = this.#fromTop(path);
    const slash = full.lastIndexOf('/');
    const sources = this.#sourcesFor(slash < 0 ? '' : full.slice(0, slash));
    if (sources.length === 0) return undefined;
    const bytes = byteText(full);
    const name = bytes.slice(bytes.lastIndexOf('/') + 1);
    for (const { base, file, patterns } of sources) {
      const relative = base === '' ? bytes : bytes.slice(byteText(base).length + 1);
      const pattern = patterns.decide(relative, name, directory);
      if (!pattern) continue;
      const text = treePathFromBytes(Buffer.from(pattern.text, 'latin1'));
      return { ignored: !pattern.negative, rule: { pattern: text, line: pattern.line, file } };
    }
    return undefined;
  }

  ignores(path: string, directory: boolean): boolean {
    return this.decide(path, directory)?.ignored === true;
  }

  explain(path: string, directory: boolean): IgnoreRule | undefined {
    const decision = this.decide(path, directory);
    return decision?.ignored === true ? decision.rule : undefined;
  }

  #fromTop(path: string): string {
    return this.#prefix === '' || path === '' ? this.#prefix + path : `${this.#prefix}/${path}`;
  }

  #set(base: string, source: GitPatternSource | undefined): void {
    this.#scope = undefined;
    if (source) this.#sources.set(base, source);
    else this.#sources.delete(base);
  }

  #sourcesFor(directory: string): readonly GitPatternSource[] {
    if (this.#scope?.directory === directory) return this.#scope.sources;
    const sources: GitPatternSource[] = [];
    for (let at = directory; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const source = this.#sources.get(at);
      if (source) sources.push(source);
      if (at === '') break;
    }
    if (this.#exclude) sources.push(this.#exclude);
    this.#scope = { directory, sources };
    return sources;
  }
}

const noFile = 'it is not a regular file, and git follows no link here';
