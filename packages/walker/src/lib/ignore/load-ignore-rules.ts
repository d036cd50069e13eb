import { join } from 'node:path';
import { museDir } from '@muse/paths';
import { fileErrorOf, IgnoreFileError } from './ignore-file-error.js';
import { IgnorePatternError } from './ignore-pattern-error.js';
import { parseMuseIgnore } from './parse-muse-ignore.js';
import { PatternRules } from './pattern-rules.js';
import { readNamedFile, readTextFile } from './read-text-file.js';

/**
 * Loads the `.museignore` at a root, for the domain that `.muse/repo.json` names, else `code`.
 *
 * @returns undefined where there is no `.museignore`.
 * @throws IgnoreFileError when either file is there but cannot be read or understood.
 */
export async function loadIgnoreRules(root: string): Promise<PatternRules | undefined> {
  const file = join(root, '.museignore');
  const text = await readTextFile(file, readingRules);
  if (text === undefined) return undefined;
  return parseMuseIgnore(text, { domain: await loadDomain(root), file });
}

/**
 * Loads the rules in further files of the format of `.museignore`, for the same domain: a later file overrules an
 * earlier one. The paths are native, relative to the current directory, and a link is followed.
 *
 * @throws IgnoreFileError when one of them cannot be read or understood, or is not there.
 */
export async function loadIgnoreFiles(root: string, files: readonly string[]): Promise<PatternRules> {
  const domain = await loadDomain(root);
  const texts = await Promise.all(files.map((file) => readNamedFile(file, readingRules)));
  const lists = files.map((file, index) => parseMuseIgnore(texts[index] ?? '', { domain, file }));
  try {
    return new PatternRules(lists.flatMap(({ rules }) => rules));
  } catch (error) {
    throw error instanceof IgnorePatternError ? fileErrorOf(error) : error;
  }
}

const readingRules = 'Cannot read ignore rules from';

async function loadDomain(root: string): Promise<string> {
  const action = 'Cannot read the domain from';
  const file = join(museDir(root), 'repo.json');
  const text = await readTextFile(file, action);
  if (text === undefined) return 'code';
  const settings = parseJson(text, file, action);
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new IgnoreFileError(action, file, 'must hold an object, but does not');
  }
  const domain = Object.hasOwn(settings, 'domain') ? (settings as { domain: unknown }).domain : 'code';
  if (typeof domain === 'string') return domain;
  throw new IgnoreFileError(action, file, `"domain" must be a string, but is ${JSON.stringify(domain)}`);
}

function parseJson(text: string, file: string, action: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IgnoreFileError(action, file, (cause as SyntaxError).message, { cause });
  }
}
