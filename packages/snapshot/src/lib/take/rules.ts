import { createHash } from 'node:crypto';
import { relativeTreePath } from '@muse/paths';
import { type IgnoreRules, resolveRoot } from '@muse/walker';
import {
  checkMuseOwner,
  combineIgnoreRules,
  loadGitIgnoreRules,
  loadIgnoreFiles,
  type LoadIgnoreOptions,
  loadIgnoreRules,
  type OnRuleText,
  PatternRules,
  rulesAbove,
} from '@muse/walker/ignore';
import type { Manifest, RuleText, SnapshotterOptions, TreeOptions } from '../types.js';

/** The options that say what is left out. */
export type IgnoreOptions = TreeOptions &
  Pick<SnapshotterOptions, 'cache' | 'ignore' | 'logger' | 'problems' | 'subtree'>;

/** Reads the rules of a root, of which the later overrule the earlier: git's, `.museignore`, the files that were named, patterns. */
export async function readIgnoreRules(
  root: string,
  options: IgnoreOptions,
  onText?: OnRuleText,
): Promise<IgnoreRules | undefined> {
  const {
    ignore,
    ignoreFiles = [],
    gitignore = false,
    exclude = [],
    noIgnore = false,
    problems = [],
  } = options;
  const reading = { ...options, onText };
  const [stranger, git, own, named] = await Promise.all([
    usesMuse(options) ? checkMuseOwner(root, options) : undefined,
    gitignore && !noIgnore ? loadGitIgnoreRules(root, reading) : undefined,
    ignore === undefined ? (noIgnore ? undefined : loadOwnRules(root, reading)) : ignore || undefined,
    ignoreFiles.length > 0 && !noIgnore ? loadIgnoreFiles(root, ignoreFiles, reading) : undefined,
  ]);
  const patterns = exclude.map((pattern) => ({ pattern }));
  const isNews = stranger && problems.every(({ message }) => message !== stranger.message);
  const known = isNews ? [...problems, stranger] : problems;
  const last = patterns.length + known.length > 0 ? new PatternRules(patterns, known) : undefined;
  return combineIgnoreRules(git, own, named, last);
}

/** Whether anything in `.muse` is read: the cache, or the domain that rules are for. */
function usesMuse({ cache, ignore, ignoreFiles = [], noIgnore = false }: IgnoreOptions): boolean {
  return cache === undefined || (!noIgnore && (ignore === undefined || ignoreFiles.length > 0));
}

/** Whether the rules are to be read again for each snapshot. */
export function readsRules({ ignore, ignoreFiles = [], gitignore, noIgnore }: IgnoreOptions): boolean {
  return noIgnore !== true && (ignore === undefined || gitignore === true || ignoreFiles.length > 0);
}

/** Returns the rules of a root, where there is any: `muse init` writes a file without one, and none is fastest. */
async function loadOwnRules(root: string, options: LoadIgnoreOptions): Promise<IgnoreRules | undefined> {
  const rules = await loadIgnoreRules(root, options);
  return rules && rules.rules.length + rules.problems.length > 0 ? rules : undefined;
}

/** Keeps the digests of the texts that rules are made of, the last one of each file. */
export class RuleTexts {
  readonly #digests = new Map<string, string>();

  add(file: string, text: string): void {
    this.#digests.set(file, createHash('sha256').update(text).digest('hex'));
  }

  /** Returns them in the order of their names. */
  list(root: string): RuleText[] {
    return [...this.#digests]
      .map(([file, digest]) => ({ file: placeFrom(root, file), digest }))
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

/** Returns a tree path where a native path leads to something below a root, or else that path. */
export function placeFrom(root: string, native: string): string {
  try {
    return relativeTreePath(root, native);
  } catch {
    return native;
  }
}

/**
 * Returns the files whose texts are not those of before. `.gitignore` files that do not count in the directory `part` are
 * passed over.
 */
export function changedTexts(
  before: readonly RuleText[],
  after: readonly RuleText[],
  part: string,
): string[] {
  const old = new Map(before.map(({ file, digest }) => [file, digest]));
  const now = new Map(after.map(({ file, digest }) => [file, digest]));
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((file) => old.get(file) !== now.get(file) && counts(file, part))
    .sort();
}

function counts(file: string, part: string): boolean {
  if (part === '' || !file.endsWith('.gitignore') || file.startsWith('/')) return true;
  const directory = file.slice(0, Math.max(0, file.lastIndexOf('/')));
  return isWithin(directory, part) || isWithin(part, directory);
}

function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/**
 * Returns the part of a manifest that the rules of a root, as they are now, do not leave out: to compare what was taken
 * by other rules. The paths in it begin at the directory `subtree`, which they do not leave out. Of a directory that is
 * gone, only the rules above it are known.
 */
export async function judgeManifest(
  root: string,
  manifest: Manifest,
  { subtree = '', ...options }: IgnoreOptions & { readonly subtree?: string | undefined },
): Promise<Manifest> {
  const { root: resolved } = await resolveRoot(root);
  const ignore = await readIgnoreRules(resolved, options);
  if (!ignore) return manifest;
  const { rules } = await rulesAbove(resolved, subtree, ignore);
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const directories = new Map<string, Promise<IgnoreRules | undefined>>();
  /** Gives the rules for what is in a directory; undefined where it is left out. */
  const rulesIn = (path: string): Promise<IgnoreRules | undefined> => {
    let found = directories.get(path);
    if (!found) directories.set(path, (found = enter(path)));
    return found;
  };
  const enter = async (path: string): Promise<IgnoreRules | undefined> => {
    const isTop = path === subtree;
    const above = isTop
      ? rules
      : await rulesIn(path.slice(0, Math.max(subtree.length, path.lastIndexOf('/'))));
    if (!above || (!isTop && above.ignores(path, true))) return undefined;
    return (await above.enter?.({ root: resolved, path, mayHold: () => true }))?.rules ?? above;
  };
  const kept = new Map(manifest);
  for (const file of manifest.keys()) {
    const path = prefix + file;
    const inside = await rulesIn(path.slice(0, Math.max(subtree.length, path.lastIndexOf('/'))));
    if (!inside || inside.ignores(path, false)) kept.delete(file);
  }
  return kept;
}
