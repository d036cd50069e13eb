import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { relativeTreePath, toFsPath, toNativePath, treePathFromBytes } from '@muse/paths';
import { FileReadError, readGuarded } from '@muse/paths/files';
import { notTrusted, problemElsewhere, problemOf } from '../problems.js';
import type { EnteredDirectory, IgnoreRule, IgnoreRules, Problem } from '../types.js';
import { resolveRoot } from '../walk/root.js';
import { IgnorePatternError } from './errors.js';
import { isBareRepository, repositoryAt, RepositoryError } from './git-repository.js';
import { isAbsent, MAX_RULE_FILE_BYTES, RuleOwners, type OnRuleText, type RuleOwnerOptions } from './load.js';
import { PatternList, readGitIgnore, type ListSize } from './pattern-list.js';
import { PatternLayer } from './pattern-rules.js';
import {
  byteText,
  decideLast,
  LayeredRules,
  reportsOf,
  type Decision,
  type JudgedEntry,
  type LayerRead,
  type RuleLayer,
} from './rules.js';

/** Options of {@link loadGitIgnoreRules}. */
export interface LoadGitIgnoreRulesOptions extends RuleOwnerOptions {
  readonly logger?: { warn(message: string): void } | undefined;
  /** Called with the text of each file of patterns when it is read. Default: nobody. */
  readonly onText?: OnRuleText | undefined;
  /**
   * Called with the tree path of each directory as it is listed, before any text is read for it: what was read for it when it
   * was listed before counts no more. Default: nobody.
   */
  readonly onEntered?: ((directory: string) => void) | undefined;
}

/**
 * Loads the rules by which git ignores untracked files: `.gitignore` files, each read when a walk lists its directory,
 * those above the root up to the top of its repository, and `.git/info/exclude`. Without a repository, the root counts as
 * the top of one. In a repository further down, only its own rules count.
 *
 * The user's settings (`core.excludesFile`, `core.ignoreCase`) and the index do not count, so the same files and rules give
 * the same answer on each machine. If rules above leave out the root itself, the rule is its `rootRule`.
 *
 * Rules that cannot be read are problems of the walk. So are those of strangers, which are not obeyed.
 */
export async function loadGitIgnoreRules(
  root: string,
  { logger, onText, onEntered, ...owners }: LoadGitIgnoreRulesOptions = {},
): Promise<IgnoreRules> {
  const { root: resolved } = await resolveRoot(root);
  const warn = logger?.warn.bind(logger);
  const reading = { owners: RuleOwners.of(resolved, owners), warn, onText, onEntered };
  const problems: Problem[] = [];
  let { layer, directory } = await findTop(resolved, reading, problems);
  let rootRule: IgnoreRule | undefined;
  const prefix = relativeTreePath(directory, resolved);
  for (const name of prefix === '' ? [] : prefix.split('/')) {
    layer = await layer.withGitIgnore({ native: directory, path: undefined }, problems);
    const decision = layer.decide({ path: '', name: byteText(name), directory: true });
    if (decision?.ignored === true) rootRule ??= decision.rule;
    layer = layer.below(byteText(name));
    directory = join(directory, name);
  }
  return new LayeredRules([layer, ...reportsOf(problems)], '', rootRule);
}

/**
 * Finds the git working tree that a directory is in, as git does: on its own file system only, and not above a directory
 * that is itself a repository.
 */
async function findTop(
  root: string,
  reading: GitReading,
  problems: Problem[],
): Promise<{ readonly directory: string; readonly layer: GitLayer }> {
  const device = await deviceOf(root);
  for (let directory = root; ; directory = dirname(directory)) {
    const path = directory === root ? '' : undefined;
    const layer = await GitLayer.ofTop({ native: directory, path }, reading, problems);
    if (layer) return { directory, layer };
    const isLast = directory === dirname(directory) || (await isBare(directory, problems));
    if (isLast || (await deviceOf(dirname(directory))) !== device) {
      return { directory: root, layer: new GitLayer(reading) };
    }
  }
}

async function isBare(directory: string, problems: Problem[]): Promise<boolean> {
  try {
    return await isBareRepository(directory);
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    problems.push(problemElsewhere(error.file, error.code, error.reason));
    return false;
  }
}

async function deviceOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(toFsPath(path))).dev;
  } catch {
    return undefined;
  }
}

/** The most files of patterns that count for one entry. */
const MAX_FILES = 1000;

/** Settings that all layers of one root share. */
export interface GitReading {
  readonly owners: RuleOwners;
  /** Called about a file of patterns that is not regular. */
  readonly warn: ((message: string) => void) | undefined;
  readonly onText: OnRuleText | undefined;
  readonly onEntered: ((directory: string) => void) | undefined;
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
    return decideLast(this.#files, entry);
  }

  below(name: string): GitLayer {
    if (this.#files.length === 0) return this;
    const files = this.#files.map((file) => file.below(name));
    const isSame = files.every((file, index) => file === this.#files[index]);
    return isSame ? this : new GitLayer(this.#reading, files, this.#size);
  }

  read({ root, path, mayHold }: EnteredDirectory): Promise<LayerRead> | undefined {
    this.#reading.onEntered?.(path);
    // The repository that the root is in was looked for from there upwards.
    const mayBeTop = path !== '' && mayHold('.git');
    const mayHaveFile = mayHold('.gitignore');
    if (!mayBeTop && !mayHaveFile) return undefined;
    return this.#readIn(root, path, mayBeTop, mayHaveFile);
  }

  async #readIn(root: string, path: string, mayBeTop: boolean, mayHaveFile: boolean): Promise<LayerRead> {
    const at: GitPlace = { native: textOf(toNativePath(root, path)), path };
    const problems: Problem[] = [];
    const top = mayBeTop ? await GitLayer.ofTop(at, this.#reading, problems) : undefined;
    const layer = top ?? this;
    return { layer: mayHaveFile ? await layer.withGitIgnore(at, problems) : layer, problems };
  }

  /**
   * Returns the layer of a git working tree that begins at a directory, where nothing above counts. Undefined if none does,
   * or none that may be obeyed.
   */
  static async ofTop(at: GitPlace, reading: GitReading, problems: Problem[]): Promise<GitLayer | undefined> {
    const { owners } = reading;
    try {
      const repository = await repositoryAt(at.native);
      if (!repository) return undefined;
      const stranger = repository.owners.find(({ uid }) => !owners.trusts(uid, at.path));
      if (!stranger) {
        const file = `${repository.common}/info/exclude`;
        // Those of the root are read before it is listed, and count however often it is.
        const within = at.path === '' ? undefined : at.path;
        return await new GitLayer(reading).#with(file, problems, { follow: true, within });
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
  withGitIgnore({ native, path }: GitPlace, problems: Problem[]): Promise<GitLayer> {
    const file = join(native, '.gitignore');
    return this.#with(file, problems, { follow: false, within: path });
  }

  /** `within` is the directory that it is read for; unless links are followed, the owner matters there. */
  async #with(
    file: string,
    problems: Problem[],
    { follow, within }: { readonly follow: boolean; readonly within: string | undefined },
  ): Promise<GitLayer> {
    const directory = follow ? undefined : within;
    const { owners, warn, onText } = this.#reading;
    try {
      const { bytes, stat } = await readGuarded(file, { maxBytes: MAX_RULE_FILE_BYTES, follow });
      if (follow || owners.trusts(stat.uid, directory)) {
        // As git reads it: one character for each byte.
        const text = bytes.toString('latin1');
        onText?.(file, text, within);
        return this.#withText(text, file);
      }
      problems.push(notTrusted(file, stat.uid));
    } catch (error) {
      if (error instanceof IgnorePatternError) {
        const reason = `line ${String(error.rule.line)}: ${error.reason}`;
        problems.push(problemWith(file, directory, { code: 'E2BIG', reason }));
      } else if (!(error instanceof FileReadError)) {
        throw error;
      } else if (error.code === 'ENOTREG') {
        // A link that is not followed, or something else that git takes no patterns from.
        warn?.(`Took no patterns from ${JSON.stringify(file)}: ${error.reason}`);
      } else if (!isAbsent(error)) {
        problems.push(problemWith(file, directory, error));
      }
    }
    return this;
  }

  /** @throws IgnorePatternError if a pattern is too long, or exceeds the number allowed. */
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

/** Returns the problem of a file of patterns that cannot be used; its path is that file's if it is in the tree. */
function problemWith(
  file: string,
  directory: string | undefined,
  { code, reason, cause }: { readonly code: string; readonly reason: string; readonly cause?: unknown },
): Problem {
  if (directory === undefined) return problemElsewhere(file, code, reason);
  const path = directory === '' ? '.gitignore' : `${directory}/.gitignore`;
  const { syscall = 'read' } = (cause ?? {}) as NodeJS.ErrnoException;
  return { ...problemOf(path, syscall, { code }), message: reason };
}
