import { resolve } from 'node:path';
import type { Problem } from '@muse/walker';
import { loadSettings, type RuleOwnerOptions, type Setting } from '@muse/walker/ignore';
import { placeFrom } from './root.js';
import type { TreeOptions } from '../types.js';

/** The kinds of values that options have; paths of files are kept relative to the root. */
type Kind = 'flag' | 'files' | 'texts' | 'numbers';

/** The key of each option as it is saved, the kind of its value, and its key among the settings of a root. */
const OPTIONS = {
  oneFileSystem: ['one_file_system', 'flag', 'one-file-system'],
  gitignore: ['gitignore', 'flag', 'gitignore'],
  ignoreFiles: ['ignore_files', 'files', 'ignore-file'],
  exclude: ['exclude', 'texts', 'exclude'],
  noIgnore: ['no_ignore', 'flag', 'no-ignore'],
  trustOwners: ['trust_owners', 'numbers', 'trust-owner'],
} as const satisfies Record<keyof TreeOptions, readonly [saved: string, kind: Kind, setting: string]>;

/** Returns options as plain JSON, without those at their defaults. */
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

/** Returns the options. Throws if one is unknown, or has a wrong value. */
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

/** The options that a root has for every snapshot of it, unless the caller says otherwise. */
export interface TreeDefaults {
  /** The native path of the file that they are in. */
  readonly file: string;
  /** Their paths are absolute. */
  readonly options: TreeOptions;
  /** The problem that the file belongs to a stranger, and so is not obeyed. */
  readonly problem?: Problem | undefined;
}

/**
 * Loads the options in `.muse/snapshot.toml` of a root. Its keys are the options of the command line without their dashes:
 * `gitignore = true`, `exclude = ['*.log']`. A path in `ignore-file` is relative to the root. No snapshot looks at them by
 * itself; the command does.
 *
 * @returns undefined if there is no such file.
 * @throws IgnoreFileError with line and column for text that is not TOML, an unknown key, or a value of the wrong type.
 */
export async function loadTreeDefaults(
  root: string,
  options: RuleOwnerOptions = {},
): Promise<TreeDefaults | undefined> {
  const loaded = await loadSettings(root, options);
  if (!loaded) return undefined;
  const { file, settings, problem } = loaded;
  const found: Record<string, unknown> = {};
  for (const setting of settings) {
    const [name, value] = optionOf(setting);
    found[name] = name === 'ignoreFiles' ? (value as string[]).map((each) => resolve(root, each)) : value;
  }
  return { file, options: found, problem };
}

function optionOf(setting: Setting): [name: string, value: unknown] {
  const { key, value } = setting;
  for (const [name, [, kind, itsKey]] of Object.entries(OPTIONS)) {
    if (itsKey !== key) continue;
    const wanted = WANTED[kind];
    if (kind === 'flag') return [name, wanted.accepts(value) ? value : refuse(setting, wanted)];
    if (!Array.isArray(value)) return refuse(setting, wanted);
    const wrong = value.findIndex((each) => !wanted.accepts(each));
    return [name, wrong < 0 ? value : refuse(setting, wanted, wrong)];
  }
  const known = Object.values(OPTIONS).map(([, , itsKey]) => itsKey);
  return setting.fail(`there is no setting ${JSON.stringify(key)}; there are ${known.sort().join(', ')}`);
}

interface Wanted {
  /** Returns whether it accepts a value, or an element of one. */
  readonly accepts: (value: unknown) => boolean;
  readonly what: string;
  readonly example: string;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isUser = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xff_ff_ff_fe;

const WANTED: Readonly<Record<Kind, Wanted>> = {
  flag: { accepts: (value) => typeof value === 'boolean', what: 'true or false', example: 'true' },
  files: { accepts: isText, what: 'an array of names of files', example: "['ci.toml']" },
  texts: { accepts: isText, what: 'an array of patterns', example: "['*.o', '/build/']" },
  numbers: { accepts: isUser, what: 'an array of numbers of users', example: '[1000]' },
};

function refuse(setting: Setting, { what, example }: Wanted, element?: number): never {
  return setting.fail(
    `${JSON.stringify(setting.key)} must be ${what}, e.g. ${setting.key} = ${example}`,
    element,
  );
}
