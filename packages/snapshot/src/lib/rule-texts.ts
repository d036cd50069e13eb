import { createHash } from 'node:crypto';
import { relativeTreePath } from '@muse/paths';

/** A text that the rules of a snapshot were made of. */
export interface RuleText {
  /** Where it stands: a tree path, or a native one where that is not below the root. */
  readonly file: string;
  /** SHA-256 of what counts in it. */
  readonly digest: string;
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
