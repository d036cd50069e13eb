import { resolve } from 'node:path';
import type { RuleText } from '../rule-texts.js';
import { placeFrom } from '../rule-texts.js';
import type { TreeOptions } from '../tree-options.js';

/** How each option is kept, and under which key. Files are kept as places from the root. */
const OPTIONS = {
  oneFileSystem: ['one_file_system', 'flag'],
  gitignore: ['gitignore', 'flag'],
  ignoreFiles: ['ignore_files', 'files'],
  exclude: ['exclude', 'texts'],
  noIgnore: ['no_ignore', 'flag'],
  trustOwners: ['trust_owners', 'numbers'],
} as const satisfies Record<keyof TreeOptions, readonly [string, 'flag' | 'files' | 'texts' | 'numbers']>;

/** Returns options as plain JSON, without those that are at their defaults. */
export function encodeOptions(root: string, options: TreeOptions): object {
  const encoded: Record<string, unknown> = {};
  for (const [name, [key, kind]] of Object.entries(OPTIONS)) {
    const value = options[name as keyof TreeOptions];
    if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue;
    encoded[key] =
      kind === 'files' ? (value as readonly string[]).map((file) => placeFrom(root, resolve(file))) : value;
  }
  return encoded;
}

/** @throws Error when something is none of the options, or no value of one. */
export function decodeOptions(root: string, encoded: unknown): TreeOptions {
  if (typeof encoded !== 'object' || encoded === null) throw new Error('its options are missing');
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(encoded)) {
    const found = Object.entries(OPTIONS).find(([, [known]]) => known === key);
    if (!found) throw new Error(`its option ${JSON.stringify(key)} is not known`);
    const [name, [, kind]] = found;
    const isRight =
      kind === 'flag'
        ? value === true
        : Array.isArray(value) &&
          value.every((each) => typeof each === (kind === 'numbers' ? 'number' : 'string'));
    if (!isRight) throw new Error(`its option ${JSON.stringify(key)} has no value that it may have`);
    options[name] = kind === 'files' ? (value as string[]).map((file) => resolve(root, file)) : value;
  }
  return options;
}

/** @throws Error when something is none of them. */
export function decodeRules(encoded: unknown): RuleText[] {
  if (!Array.isArray(encoded)) throw new Error('the digests of its rules are missing');
  return encoded.map((each: unknown) => {
    const { file, digest } = (each ?? {}) as Record<string, unknown>;
    if (typeof file !== 'string' || typeof digest !== 'string')
      throw new Error('a digest of its rules is none');
    return { file, digest };
  });
}
