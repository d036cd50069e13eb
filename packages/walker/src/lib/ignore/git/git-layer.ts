import { toNativePath, treePathFromBytes } from '@muse/paths';
import { problemOf } from '../../problems.js';
import type { EnteredDirectory, WalkProblem } from '../../types.js';
import { IgnorePatternError } from '../ignore-pattern-error.js';
import { PatternLayer } from '../pattern-layer.js';
import { PatternList, type ListSize } from '../pattern-list.js';
import { readGitIgnore } from '../pattern.js';
import type { Decision, JudgedEntry, LayerRead, RuleLayer } from '../rule-layer.js';
import { readPatternFile } from './read-pattern-file.js';

/** Files of patterns that count for one entry at most: as many directories above it, one in another. */
const MAX_FILES = 1000;

/** The files of patterns that git reads for the entries of one directory. */
export class GitLayer implements RuleLayer {
  /** The later one overrules the earlier one. */
  readonly #files: readonly PatternLayer[];
  readonly #size: ListSize | undefined;
  readonly #warn: ((message: string) => void) | undefined;

  constructor(
    warn: ((message: string) => void) | undefined,
    files: readonly PatternLayer[] = [],
    size?: ListSize,
  ) {
    this.#warn = warn;
    this.#files = files;
    this.#size = size;
  }

  decide(entry: JudgedEntry): Decision | undefined {
    for (let i = this.#files.length - 1; i >= 0; i--) {
      const decision = this.#files[i]?.decide(entry);
      if (decision) return decision;
    }
    return undefined;
  }

  below(name: string): GitLayer {
    if (this.#files.length === 0) return this;
    const files = this.#files.map((file) => file.below(name));
    const isSame = files.every((file, index) => file === this.#files[index]);
    return isSame ? this : new GitLayer(this.#warn, files, this.#size);
  }

  /**
   * Returns the layer with the patterns of one more file, which are relative to the directory of the layer.
   *
   * @throws IgnorePatternError when one is too long, or one too many.
   */
  with(text: string, file: string): GitLayer {
    const patterns = readGitIgnore(text, file);
    const [first] = patterns;
    if (!first) return this;
    if (this.#files.length === MAX_FILES) {
      const reason = `it is in one more than the ${MAX_FILES} files that may count in one place`;
      throw new IgnorePatternError(first.rule, reason);
    }
    const list = new PatternList(patterns, this.#size);
    return new GitLayer(this.#warn, [...this.#files, new PatternLayer(list)], list.size);
  }

  read({ root, path, mayHold }: EnteredDirectory): Promise<LayerRead> | undefined {
    return mayHold('.gitignore') ? this.#read(root, path) : undefined;
  }

  async #read(root: string, path: string): Promise<LayerRead> {
    const treePath = path === '' ? '.gitignore' : `${path}/.gitignore`;
    const native = toNativePath(root, treePath);
    const file = typeof native === 'string' ? native : treePathFromBytes(native);
    const without = (...problems: WalkProblem[]): LayerRead => ({ layer: this, problems });
    const found = await readPatternFile(native, { follow: false });
    if (found.is === 'special') this.#warn?.(`Took no patterns from ${JSON.stringify(file)}: ${noFile}`);
    if (found.is === 'unreadable') {
      const { error } = found;
      const { syscall = 'read' } = (error.cause ?? {}) as NodeJS.ErrnoException;
      return without({ ...problemOf(treePath, syscall, error), message: error.reason });
    }
    if (found.is !== 'file') return without();
    try {
      return { layer: this.with(found.text, file), problems: [] };
    } catch (error) {
      if (!(error instanceof IgnorePatternError)) throw error;
      return without(limitProblem(treePath, error));
    }
  }
}

/** Returns the problem that a file is which has too much in it: none of its patterns counts. */
export function limitProblem(path: string, { rule, reason }: IgnorePatternError): WalkProblem {
  const message = `line ${rule.line ?? 0}: ${reason}`;
  return { path, kind: 'unreadable', operation: 'read', code: 'E2BIG', message };
}

const noFile = 'it is not a regular file, and git follows no link here';
