import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { museDir, toFsPath } from '@muse/paths';
import { codeOf, notTrusted } from '../problems.js';
import type { WalkProblem } from '../types.js';
import { fileErrorOf, IgnoreFileError } from './ignore-file-error.js';
import { IgnorePatternError } from './ignore-pattern-error.js';
import type { OnRuleText } from './on-rule-text.js';
import { parseMuseIgnore } from './parse-muse-ignore.js';
import { PatternRules } from './pattern-rules.js';
import { readNamedFile, readTextFile } from './read-text-file.js';
import { RuleOwners, type RuleOwnerOptions } from './rule-owners.js';

/** Whose rules count, and who hears of what is read. */
export interface LoadIgnoreOptions extends RuleOwnerOptions {
  /** Hears of each text, and of the domain as that of `repo.json`. Default: nobody. */
  readonly onText?: OnRuleText | undefined;
}

/**
 * Loads the `.museignore` at a root, for the domain that `.muse/repo.json` names, else `code`. That of a stranger is not
 * obeyed, which is a problem of the walk; nor is a domain in the `.muse` of one, of which {@link checkMuseOwner} tells.
 *
 * @returns undefined where there is no `.museignore`.
 * @throws IgnoreFileError when either file is there but cannot be read or understood.
 */
export async function loadIgnoreRules(
  root: string,
  options: LoadIgnoreOptions = {},
): Promise<PatternRules | undefined> {
  const file = join(root, '.museignore');
  const read = await readTextFile(file, readingRules);
  if (read === undefined) return undefined;
  const owners = await RuleOwners.of(root, options);
  if (!owners.trusts(read.uid, '')) return new PatternRules([], [notTrusted(file, read.uid)]);
  options.onText?.(file, read.text);
  return parseMuseIgnore(read.text, { domain: await loadDomain(root, owners, options), file });
}

/**
 * Loads the rules in further files of the format of `.museignore`, for the same domain: a later file overrules an
 * earlier one. The paths are native, relative to the current directory, and a link is followed.
 *
 * @throws IgnoreFileError when one of them cannot be read or understood, or is not there.
 */
export async function loadIgnoreFiles(
  root: string,
  files: readonly string[],
  options: LoadIgnoreOptions = {},
): Promise<PatternRules> {
  const domain = await loadDomain(root, await RuleOwners.of(root, options), options);
  const texts = await Promise.all(files.map((file) => readNamedFile(file, readingRules)));
  for (const [index, file] of files.entries()) options.onText?.(file, texts[index] ?? '');
  const lists = files.map((file, index) => parseMuseIgnore(texts[index] ?? '', { domain, file }));
  try {
    return new PatternRules(lists.flatMap(({ rules }) => rules));
  } catch (error) {
    throw error instanceof IgnorePatternError ? fileErrorOf(error) : error;
  }
}

/** Returns the problem that the `.muse` of a root is where a stranger owns it: neither its settings nor its cache count. */
export async function checkMuseOwner(
  root: string,
  options: RuleOwnerOptions = {},
): Promise<WalkProblem | undefined> {
  const uid = await museOwner(root);
  if (uid === undefined || (await RuleOwners.of(root, options)).trusts(uid, '')) return undefined;
  return notTrusted(museDir(root), uid);
}

const readingRules = 'Cannot read ignore rules from';
const readingDomain = 'Cannot read the domain from';

/** Returns who owns the `.muse` of a root; undefined where there is none, for a file or a link of that name is none. */
async function museOwner(root: string): Promise<number | undefined> {
  try {
    const found = await lstat(toFsPath(museDir(root)));
    return found.isDirectory() ? found.uid : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function loadDomain(root: string, owners: RuleOwners, { onText }: LoadIgnoreOptions): Promise<string> {
  const domain = await readDomain(root, owners);
  onText?.(join(museDir(root), 'repo.json'), domain);
  return domain;
}

async function readDomain(root: string, owners: RuleOwners): Promise<string> {
  const uid = await museOwner(root);
  if (uid === undefined || !owners.trusts(uid, '')) return 'code';
  const file = join(museDir(root), 'repo.json');
  const read = await readTextFile(file, readingDomain);
  return read === undefined ? 'code' : domainIn(read.text, file);
}

/** Everything but the domain is of no concern here, whatever it is. */
function domainIn(text: string, file: string): string {
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (cause) {
    // What the parser says quotes the text.
    throw new IgnoreFileError(readingDomain, file, 'it is not valid JSON', { cause });
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new IgnoreFileError(readingDomain, file, 'must hold an object, but does not');
  }
  const domain = Object.hasOwn(settings, 'domain') ? (settings as { domain: unknown }).domain : 'code';
  if (typeof domain === 'string') return domain;
  const kind = domain === null ? 'null' : Array.isArray(domain) ? 'an array' : `of type ${typeof domain}`;
  throw new IgnoreFileError(readingDomain, file, `"domain" must be a string, but is ${kind}`);
}
