import { lstat } from 'node:fs/promises';
import { parseTreePath, statCachePath, toOpenable } from '@muse/paths';
import type { Logger } from '@muse/stat-cache';
import type { IgnoreRule, IgnoreRules } from '@muse/walker/ignore';
import { problemOf, RESERVED_NAMES } from '@muse/walker/scan';
import { Descent } from './explain-entry.js';
import { explainFile } from './explain-file.js';
import type { Explainer, Explanation, ExplainOptions } from './explain-types.js';
import type { Problem } from './types.js';
import { openReadOnly, type ReadOnlyContext } from './read-only-context.js';

/**
 * Tells what a snapshot taken now would make of a tree path, and why; `''` is the root. It reads no content, and changes
 * neither the cache nor anything below the root. Rejects as `openSnapshotter` does, with a `RangeError` when the cache
 * belongs to another root, and with a `SyntaxError` when the path is no tree path.
 */
export async function explain(
  root: string,
  path: string,
  options: ExplainOptions = {},
): Promise<Explanation> {
  const explainer = await openExplainer(root, options);
  return explainer.explain(path);
}

/** Opens a root for any number of paths to be explained; see {@link explain}. */
export async function openExplainer(root: string, options: ExplainOptions = {}): Promise<Explainer> {
  const context = await openReadOnly(root, options);
  const judge: Judge = {
    ...context,
    oneFileSystem: options.oneFileSystem ?? false,
    logger: options.logger,
    problems: new Map(),
    // Where a cache was given, nobody knows when it was saved.
    savedNs: options.cache === undefined ? await saveTime(context.root.root) : undefined,
  };
  return {
    root: context.root.root,
    explain: (path) => explainPath(judge, path),
    get problems() {
      return [...judge.problems.values()];
    },
  };
}

/** What a path is judged by. */
export interface Judge extends ReadOnlyContext {
  readonly oneFileSystem: boolean;
  readonly logger: Logger | undefined;
  /** What was wrong with rules so far, by its text. */
  readonly problems: Map<string, Problem>;
  /** When the cache was saved, nanoseconds since the Unix epoch. */
  readonly savedNs: bigint | undefined;
}

async function explainPath(judge: Judge, path: string): Promise<Explanation> {
  if (path !== '') parseTreePath(path);
  return goDown(judge, path, (explanation) => Promise.resolve(explanation));
}

/** Tells of an entry of a directory; undefined is a directory. */
export type ExplainEntry = (path: string) => Promise<Explanation | undefined>;

/**
 * Goes down to a path as a scan would, stops where the scan would, and returns what `use` makes of that. Where it is a
 * directory, `use` may ask for what is in it.
 */
export async function goDown<T>(
  judge: Judge,
  path: string,
  use: (explanation: Explanation, inside: () => Promise<ExplainEntry>) => Promise<T>,
): Promise<T> {
  let { ignore } = judge;
  let descent: Descent | undefined;
  const step = (at: string, last: boolean): Promise<Explanation | undefined> =>
    descent ? explainStep({ ...judge, ignore }, descent, at, last) : Promise.resolve(undefined);
  const end = async (): Promise<Explanation> => {
    if (ignore?.rootRule) return { outcome: 'ignored', at: '', rule: ignore.rootRule };
    try {
      descent = new Descent(judge.root);
    } catch (error) {
      return { outcome: 'unreadable', problem: problemOf('', 'readdir', error) };
    }
    const problem = await descent.whyUnreadable('', 'readdir');
    if (problem) return { outcome: 'unreadable', problem };
    if (path === '') await rulesIn(judge, '');
    let directory = '';
    for (const at of fromTheTop(path)) {
      ignore = await rulesIn({ ...judge, ignore }, directory);
      const explanation = await step(at, at === path);
      if (explanation) return explanation;
      directory = at;
    }
    return { outcome: 'directory' };
  };
  try {
    return await use(await end(), async () => {
      ignore = await rulesIn({ ...judge, ignore }, path);
      return (entry) => step(entry, true);
    });
  } finally {
    descent?.close();
  }
}

/** Returns the rules for what is in a directory. What is wrong with them is a problem there, but not of this path. */
async function rulesIn(
  { ignore, root: { root }, problems, logger }: Judge,
  path: string,
): Promise<IgnoreRules | undefined> {
  const entered = await ignore?.enter?.({ root, path, mayHold: () => true });
  for (const problem of entered?.problems ?? []) {
    const { path: file, message } = problem;
    const text = file === '' ? message : `Cannot read ignore rules from ${JSON.stringify(file)}: ${message}`;
    if (!problems.has(text)) logger?.warn(text);
    problems.set(text, problem);
  }
  return entered?.rules ?? ignore;
}

/** Returns where the scan ends at this entry; `undefined` where it goes on to what is below. */
async function explainStep(
  judge: Judge,
  descent: Descent,
  at: string,
  last: boolean,
): Promise<Explanation | undefined> {
  const { ignore, oneFileSystem, cache, savedNs } = judge;
  const looked = await descent.lookAt(at);
  if (looked.is === 'absent') return { outcome: 'absent', at };
  if (isReserved(at)) return { outcome: 'reserved', at };
  if (looked.is === 'special') return { outcome: 'special', at, kind: looked.kind };
  if (looked.is === 'hidden') {
    // Where nobody knows what it is, the rules must leave it out as a file and as a directory.
    const { isDirectory } = looked;
    const may = isDirectory === undefined ? [false, true] : [isDirectory];
    if (ignore && may.every((directory) => ignore.ignores(at, directory))) {
      return { outcome: 'ignored', at, rule: ruleFor(ignore, at, isDirectory ?? true) };
    }
    return { outcome: 'unreadable', problem: looked.problem };
  }
  const directory = looked.is === 'directory';
  // Below a file there is nothing, as the next step will see.
  if (!directory && !last) return undefined;
  if (ignore?.ignores(at, directory)) return { outcome: 'ignored', at, rule: ruleFor(ignore, at, directory) };
  if (directory && oneFileSystem && looked.stat.dev !== judge.root.dev) return { outcome: 'outside', at };

  const explanation = directory ? undefined : explainFile(at, looked.stat, cache, savedNs);
  if (explanation?.outcome === 'hit') return explanation;
  const problem = await descent.whyUnreadable(at, directory ? 'readdir' : 'open');
  return problem ? { outcome: 'unreadable', problem } : explanation;
}

/** Yields each directory that leads to a path, and the path itself; nothing for the root. */
function* fromTheTop(path: string): Iterable<string> {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) yield path.slice(0, end);
  if (path !== '') yield path;
}

function isReserved(path: string): boolean {
  return RESERVED_NAMES.includes(path.slice(path.lastIndexOf('/') + 1));
}

function ruleFor(ignore: IgnoreRules, path: string, directory: boolean): IgnoreRule | undefined {
  return ignore.explain?.(path, directory);
}

async function saveTime(root: string): Promise<bigint | undefined> {
  try {
    return (await lstat(toOpenable(statCachePath(root)), { bigint: true })).mtimeNs;
  } catch {
    return undefined;
  }
}
