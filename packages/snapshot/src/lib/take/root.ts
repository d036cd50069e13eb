import { relativeTreePath } from '@muse/paths';
import { type LoadCacheOptions, type Sha256, type Sha256Elsewhere, StatCache } from '@muse/stat-cache';
import { type IgnoreRules, type Problem, type ResolvedRoot, resolveRoot } from '@muse/walker';
import {
  checkMuseOwner,
  combineIgnoreRules,
  loadIgnoreFiles,
  type LoadIgnoreOptions,
  loadIgnoreRules,
  type PatternRules,
} from '@muse/walker/ignore';
import type { NativeEngine } from '@muse/walker/scan';
import { nodeSha256 } from '../manifest/manifest.js';
import type { RuleText, SnapshotterOptions } from '../types.js';

/** A root with its rules and its cache. */
export interface OpenedRoot extends RootRules {
  readonly root: ResolvedRoot;
  /** `undefined` where nothing is cached. */
  readonly cache: StatCache | undefined;
}

/** How to load what belongs to a root. */
export interface Loading extends Pick<LoadCacheOptions, 'defer'> {
  /** Hashes the texts of rules, and the cache: with `defer`, after it was opened. Default: that of `node:crypto`. */
  readonly native?: NativeEngine['native'] | undefined;
}

/** Reads the rules and the cache of a root. Rejects where the rules are broken, or the cache is another root's. */
export async function openRoot(
  root: ResolvedRoot,
  options: SnapshotterOptions,
  loading: Loading = {},
): Promise<OpenedRoot> {
  const [rules, cache] = await Promise.all([
    readRules(root.root, options, loading.native?.sha256),
    openCache(root, options, loading),
  ]);
  return { root, ...rules, cache };
}

/** The rules of a root as they were read. */
export interface RootRules {
  /** `undefined` where nothing is left out but `.muse` and `.git`. */
  readonly ignore: IgnoreRules | undefined;
  /** Hears of further texts as a tree is listed. */
  readonly texts: RuleTexts;
}

/** Reads the rules of a root. Later ones overrule earlier ones: git's, `.museignore`, the files named, the patterns. */
export async function readRules(
  root: string,
  options: SnapshotterOptions,
  sha256?: Sha256,
): Promise<RootRules> {
  const { ignore, ignoreFiles = [], gitignore = false, exclude = [], noIgnore = false } = options;
  const { problems = [] } = options;
  const texts = new RuleTexts(sha256);
  const reading = { ...options, onText: texts.add.bind(texts), onEntered: texts.forget.bind(texts) };
  const [stranger, git, own, named] = await Promise.all([
    usesMuse(options) ? checkMuseOwner(root, options) : undefined,
    gitignore && !noIgnore ? loadGitRules(root, reading) : undefined,
    ignore === undefined ? (noIgnore ? undefined : loadOwnRules(root, reading)) : ignore || undefined,
    ignoreFiles.length > 0 && !noIgnore ? loadIgnoreFiles(root, ignoreFiles, reading) : undefined,
  ]);
  const isNews = stranger && problems.every(({ message }) => message !== stranger.message);
  const last = await patternRules(exclude, isNews ? [...problems, stranger] : problems);
  return { ignore: combineIgnoreRules(git, own, named, last), texts };
}

// Most snapshots need neither git's rules nor patterns: a program loads what they take once one does.

async function loadGitRules(root: string, options: LoadIgnoreOptions): Promise<IgnoreRules> {
  const { loadGitIgnoreRules } = await import('@muse/walker/ignore');
  return loadGitIgnoreRules(root, options);
}

async function patternRules(
  patterns: readonly string[],
  problems: readonly Problem[],
): Promise<PatternRules | undefined> {
  if (patterns.length + problems.length === 0) return undefined;
  const { PatternRules } = await import('@muse/walker/ignore');
  return new PatternRules(
    patterns.map((pattern) => ({ pattern })),
    problems,
  );
}

/** Returns whether any rule stands in a file, which may change from one snapshot to the next. */
export function areRulesInFiles({
  ignore,
  ignoreFiles = [],
  gitignore,
  noIgnore,
}: SnapshotterOptions): boolean {
  return noIgnore !== true && (ignore === undefined || gitignore === true || ignoreFiles.length > 0);
}

/** Returns whether anything in `.muse` is read: the cache, or the domain that rules are for. */
function usesMuse({ cache, ignore, ignoreFiles = [], noIgnore = false }: SnapshotterOptions): boolean {
  return cache === undefined || (!noIgnore && (ignore === undefined || ignoreFiles.length > 0));
}

/** Returns the rules of `.museignore`, if it has any: `muse init` writes one without, and no rules are the fastest. */
async function loadOwnRules(root: string, options: LoadIgnoreOptions): Promise<IgnoreRules | undefined> {
  const rules = await loadIgnoreRules(root, options);
  return rules && rules.rules.length + rules.problems.length > 0 ? rules : undefined;
}

async function openCache(
  root: ResolvedRoot,
  options: SnapshotterOptions,
  { defer, native }: Loading,
): Promise<StatCache | undefined> {
  const { cache, logger, temporaryFiles } = options;
  if (cache === false) return undefined;
  if (cache === undefined) {
    // The owner of `.muse` could forge every object id. The rules report that it is not used.
    if (await checkMuseOwner(root.root, options)) return undefined;
    const pieces = native?.digest;
    const digest: Sha256Elsewhere | undefined =
      pieces && ((bytes) => pieces([{ of: 'bytes', from: 0, to: bytes.length }], bytes));
    return StatCache.open({ root: root.root, logger, temporaryFiles, defer, digest });
  }
  // Nothing would match, and a snapshot would prune all of its entries and save its own in their place.
  if (cache.root !== undefined && !(await isSameRoot(root, cache.root))) {
    const [mine, its] = [JSON.stringify(root.root), JSON.stringify(cache.root)];
    throw new RangeError(`Cannot use this stat cache for ${mine}: it belongs to ${its}`);
  }
  return cache;
}

async function isSameRoot({ dev, ino }: ResolvedRoot, path: string): Promise<boolean> {
  const other = await resolveRoot(path).catch(() => undefined);
  return other?.dev === dev && other.ino === ino;
}

/** Collects digests of the texts that rules are made of, the last one of each file. */
export class RuleTexts {
  /** By the directory that they were read for as it was listed; `undefined` for those that were read before. */
  readonly #digests = new Map<string | undefined, Map<string, string>>();
  readonly #sha256: Sha256;

  constructor(sha256 = nodeSha256) {
    this.#sha256 = sha256;
  }

  add(file: string, text: string, directory?: string): void {
    const digest = this.#sha256(Buffer.from(text));
    const digests = this.#digests.get(directory);
    if (digests) digests.set(file, digest);
    else this.#digests.set(directory, new Map([[file, digest]]));
  }

  /** Drops what was read for a directory. */
  forget(directory: string): void {
    this.#digests.delete(directory);
  }

  /** Returns the digests in the order of their files, without those of directories that are not there any more. */
  list(root: string, isThere: (directory: string) => boolean = () => true): RuleText[] {
    for (const directory of this.#digests.keys())
      if (directory !== undefined && !isThere(directory)) this.forget(directory);
    const digests = new Map([...this.#digests.values()].flatMap((each) => [...each]));
    return [...digests]
      .map(([file, digest]) => ({ file: placeFrom(root, file), digest }))
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

/** Returns the tree path of a native path below a root, and a native path elsewhere as it is. */
export function placeFrom(root: string, native: string): string {
  try {
    return relativeTreePath(root, native);
  } catch {
    return native;
  }
}
