import { toNativePath, toFsPath, treePathFromBytes } from '@muse/paths';
import { notTrusted, problemElsewhere, problemOf } from '../../problems.js';
import type { EnteredDirectory, WalkProblem } from '../../types.js';
import { IgnorePatternError } from '../ignore-pattern-error.js';
import { PatternLayer } from '../pattern-layer.js';
import { PatternList, type ListSize } from '../pattern-list.js';
import { readGitIgnore } from '../pattern.js';
import type { Decision, JudgedEntry, LayerRead, RuleLayer } from '../rule-layer.js';
import type { OnRuleText } from '../on-rule-text.js';
import type { RuleOwners } from '../rule-owners.js';
import { readPatternFile } from './read-pattern-file.js';
import { repositoryAt, RepositoryError } from './repository.js';

/** Files of patterns that count for one entry at most: as many directories above it, one in another. */
const MAX_FILES = 1000;

/** How files are read. */
export interface GitReading {
  readonly owners: RuleOwners;
  /** Hears of a file of patterns that is no regular file. */
  readonly warn: ((message: string) => void) | undefined;
  readonly onText: OnRuleText | undefined;
}

/** A directory that rules are read in. */
export interface GitPlace {
  /** Its native path. */
  readonly native: string;
  /** Its tree path; undefined above the root. */
  readonly path: string | undefined;
}

/** The files of patterns that git reads for the entries of one directory. */
export class GitLayer implements RuleLayer {
  /** The later one overrules the earlier one. */
  readonly #files: readonly PatternLayer[];
  readonly #size: ListSize | undefined;
  readonly #reading: GitReading;

  constructor(reading: GitReading, files: readonly PatternLayer[] = [], size?: ListSize) {
    this.#reading = reading;
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
    return isSame ? this : new GitLayer(this.#reading, files, this.#size);
  }

  read({ root, path, mayHold }: EnteredDirectory): Promise<LayerRead> | undefined {
    // The repository that the root is in was looked for from there upwards.
    const mayBeTop = path !== '' && mayHold('.git');
    const mayHaveFile = mayHold('.gitignore');
    if (!mayBeTop && !mayHaveFile) return undefined;
    return this.#readIn(root, path, mayBeTop, mayHaveFile);
  }

  async #readIn(root: string, path: string, mayBeTop: boolean, mayHaveFile: boolean): Promise<LayerRead> {
    const at: GitPlace = { native: textOf(toNativePath(root, path)), path };
    const problems: WalkProblem[] = [];
    const top = mayBeTop ? await GitLayer.ofTop(at, this.#reading, problems) : undefined;
    const layer = top ?? this;
    return { layer: mayHaveFile ? await layer.withGitIgnore(at, problems) : layer, problems };
  }

  /**
   * Returns the layer of a working tree of git that begins at a directory: what is above does not count in it. Undefined
   * where none does, or none that is to be obeyed.
   */
  static async ofTop(
    at: GitPlace,
    reading: GitReading,
    problems: WalkProblem[],
  ): Promise<GitLayer | undefined> {
    const { owners } = reading;
    try {
      const repository = await repositoryAt(at.native);
      if (!repository) return undefined;
      const stranger = repository.owners.find(({ uid }) => !owners.trusts(uid, at.path));
      if (!stranger) {
        const file = `${repository.common}/info/exclude`;
        return await new GitLayer(reading).#with(file, problems, { follow: true });
      }
      problems.push(notTrusted(stranger.file, stranger.uid));
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      // Where git is asked to work it refuses; what it only meets on its way it takes for an ordinary directory.
      const { file, code, reason, isNone } = error;
      if (!isNone || !owners.isBelow(at.path)) problems.push(problemElsewhere(file, code, reason));
    }
    return undefined;
  }

  /** Returns the layer with the patterns in the `.gitignore` of its directory. */
  withGitIgnore({ native, path }: GitPlace, problems: WalkProblem[]): Promise<GitLayer> {
    const file = `${native === '/' ? '' : native}/.gitignore`;
    return this.#with(file, problems, { follow: false, directory: path });
  }

  /** `directory` is where the owner of the file counts; Default: nowhere. */
  async #with(
    file: string,
    problems: WalkProblem[],
    { follow, directory }: { readonly follow: boolean; readonly directory?: string | undefined },
  ): Promise<GitLayer> {
    const { owners, warn, onText } = this.#reading;
    const found = await readPatternFile(toFsPath(file), { follow });
    if (found.is === 'special') warn?.(`Took no patterns from ${JSON.stringify(file)}: ${found.reason}`);
    if (found.is === 'unreadable') problems.push(problemWith(file, directory, found.error));
    if (found.is !== 'file') return this;
    if (!follow && !owners.trusts(found.uid, directory)) {
      problems.push(notTrusted(file, found.uid));
      return this;
    }
    onText?.(file, found.text);
    try {
      return this.#withText(found.text, file);
    } catch (error) {
      if (!(error instanceof IgnorePatternError)) throw error;
      const reason = `line ${String(error.rule.line ?? 0)}: ${error.reason}`;
      problems.push(problemWith(file, directory, { code: 'E2BIG', reason }));
      return this;
    }
  }

  /** @throws IgnorePatternError when a pattern is too long, or one too many. */
  #withText(text: string, file: string): GitLayer {
    const patterns = readGitIgnore(text, file);
    const [first] = patterns;
    if (!first) return this;
    if (this.#files.length === MAX_FILES) {
      const reason = `at most ${MAX_FILES} files of patterns may count in one place, and this is one more`;
      throw new IgnorePatternError(first.rule, reason);
    }
    const list = new PatternList(patterns, this.#size);
    return new GitLayer(this.#reading, [...this.#files, new PatternLayer(list)], list.size);
  }
}

function textOf(native: string | Buffer): string {
  return typeof native === 'string' ? native : treePathFromBytes(native);
}

/** Returns the problem that a file of patterns is which cannot be used: one of itself, where it is in the tree. */
function problemWith(
  file: string,
  directory: string | undefined,
  { code, reason, cause }: { readonly code: string; readonly reason: string; readonly cause?: unknown },
): WalkProblem {
  if (directory === undefined) return problemElsewhere(file, code, reason);
  const path = directory === '' ? '.gitignore' : `${directory}/.gitignore`;
  const { syscall = 'read' } = (cause ?? {}) as NodeJS.ErrnoException;
  return { ...problemOf(path, syscall, { code }), message: reason };
}
