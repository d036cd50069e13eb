import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { relativeTreePath, toOpenable } from '@muse/paths';
import { resolveRoot } from '../../resolve-root.js';
import type { IgnoreRules } from '../../types.js';
import { byteText } from '../byte-text.js';
import { fileErrorOf, IgnoreFileError } from '../ignore-file-error.js';
import { IgnorePatternError } from '../ignore-pattern-error.js';
import { LayeredRules } from '../layered-rules.js';
import { GitLayer } from './git-layer.js';
import { readPatternFile } from './read-pattern-file.js';

/** Who hears of what git would warn about. */
export interface LoadGitIgnoreRulesOptions {
  readonly logger?: { warn(message: string): void } | undefined;
}

/**
 * Makes the rules by which git leaves out what it does not track: those of `.gitignore` files, each read when a walk
 * lists its directory, of those above the root up to the top of its repository, and of `.git/info/exclude`. Where
 * there is no repository, the root counts as the top of one.
 *
 * Neither the settings of the user (`core.excludesFile`, `core.ignoreCase`) nor what git tracks already counts, so that
 * the same files and rules give the same answer on each machine. The root itself is never left out.
 *
 * A `.gitignore` below the root that cannot be read is a problem of the walk.
 *
 * @throws IgnoreFileError when one above the root, or `.git/info/exclude`, is there but cannot be read.
 */
export async function loadGitIgnoreRules(
  root: string,
  { logger }: LoadGitIgnoreRulesOptions = {},
): Promise<IgnoreRules> {
  const warn = logger?.warn.bind(logger);
  const { root: resolved } = await resolveRoot(root);
  const repository = await findRepository(resolved);
  if (!repository) return new LayeredRules([new GitLayer(warn)]);
  const { top, gitDirectory } = repository;
  let layer = await withFile(new GitLayer(warn), join(await commonDirectory(gitDirectory), 'info/exclude'), {
    follow: true,
  });
  let directory = top;
  const prefix = relativeTreePath(top, resolved);
  for (const name of prefix === '' ? [] : prefix.split('/')) {
    layer = await withFile(layer, join(directory, '.gitignore'), { follow: false });
    layer = layer.below(byteText(name));
    directory = join(directory, name);
  }
  return new LayeredRules([layer]);
}

async function withFile(
  layer: GitLayer,
  file: string,
  options: { readonly follow: boolean },
): Promise<GitLayer> {
  const found = await readPatternFile(toOpenable(file), options);
  try {
    if (found.is === 'file') return layer.with(found.text, file);
  } catch (error) {
    if (!(error instanceof IgnorePatternError)) throw error;
    throw fileErrorOf(error);
  }
  if (found.is !== 'unreadable') return layer;
  const { error } = found;
  throw new IgnoreFileError('Cannot read ignore rules from', file, error.reason, { cause: error });
}

interface Repository {
  /** The top of the working tree. */
  readonly top: string;
  readonly gitDirectory: string;
}

/** Looks for the repository that a directory is in, as git does: on its own file system only. */
async function findRepository(from: string): Promise<Repository | undefined> {
  const device = (await statOf(from))?.dev;
  for (let top = from; ; top = dirname(top)) {
    const gitDirectory = await gitDirectoryAt(join(top, '.git'));
    if (gitDirectory !== undefined) return { top, gitDirectory };
    if (top === dirname(top) || (await statOf(dirname(top)))?.dev !== device) return undefined;
  }
}

/** Returns the repository that `.git` is, or leads to from another working tree of it. */
async function gitDirectoryAt(path: string): Promise<string | undefined> {
  const found = await statOf(path);
  if (found?.isDirectory() === true) {
    return (await statOf(join(path, 'HEAD'))) ? path : undefined;
  }
  if (found?.isFile() !== true) return undefined;
  const text = await readSmall(path);
  const leads = /^gitdir: ([^\n]+)/.exec(text ?? '')?.[1];
  return leads === undefined ? undefined : resolve(dirname(path), leads.replace(/\r$/, ''));
}

/** The working trees of one repository share its `info/exclude`. */
async function commonDirectory(gitDirectory: string): Promise<string> {
  const text = await readSmall(join(gitDirectory, 'commondir'));
  return text === undefined ? gitDirectory : resolve(gitDirectory, text.replace(/\r?\n$/, ''));
}

async function readSmall(path: string): Promise<string | undefined> {
  try {
    return await readFile(toOpenable(path), 'utf8');
  } catch {
    return undefined;
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(toOpenable(path));
  } catch {
    return undefined;
  }
}
