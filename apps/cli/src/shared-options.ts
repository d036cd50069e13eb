import type { TreeOptions } from '@muse/snapshot';
import {
  argument,
  choice,
  flag,
  nonEmpty,
  positiveInteger,
  repeated,
  value,
  type ValuesOf,
  type Word,
} from './definition.js';
import type { ColorChoice } from './terminal/paint.js';

/** The options of every command. */
export const commonOptions = {
  startIn: repeated(
    '-C <dir>',
    'run as if started in this directory, as in git; each counts from the one before it',
    String,
    'directory',
  ),
  quiet: flag('-q, --quiet', 'print no summary, hints or progress; problems and errors stay'),
  color: {
    ...argument<ColorChoice>('--color <when>', 'colour messages', ['auto', 'always', 'never']),
    fallback: 'auto',
    // What commander makes of the option that is a short way to say never.
    resolve: (given: unknown) => (given === false ? 'auto' : (given as ColorChoice)),
  },
  noColor: flag('--no-color', 'the same as --color never'),
  debug: flag('--debug', 'print details of the run, and stack traces'),
};

/** The options that `muse` has besides, which the parser carries out itself. */
export const programOptions = [
  { syntax: '-V, --version', text: 'print the version' },
  { syntax: '-h, --help', text: 'print this help' },
] as const;

/** The working tree that a command is about: the current directory, where none is named. */
export const directory = {
  ...argument<string>('[dir]', 'the working tree', 'directory'),
  parse: nonEmpty,
  fallback: '.',
};

/** A snapshot, by one of the names that `operandHelp` explains. */
export function operand<Value>(syntax: string, text: string): Word<Value> {
  return { ...argument<Value>(syntax, text, 'snapshot'), parse: nonEmpty };
}

/** The options for an answer as JSON. */
export const jsonOptions = {
  json: flag('--json', 'print one JSON document', 'format'),
  format: choice('--format <form>', 'json is the same as --json', ['json']),
};

/** Returns whether an answer is to be JSON, by either way to say it. */
export function wantsJson({
  json,
  format,
}: {
  readonly json: boolean;
  readonly format: string | undefined;
}): boolean {
  return json || format === 'json';
}

/** The option for the number of threads. */
export const threads = value(
  '--threads <n>',
  'list and hash with at most n threads (default: one per processor)',
  positiveInteger,
);

/** The options for an answer of paths alone, and for one that other programs split at NUL. */
export const pathOptions = {
  nameOnly: flag('--name-only', 'print paths alone', 'json', 'format'),
  nul: flag('-z', 'end each path with NUL instead of a newline', 'json', 'format'),
};

/** The option for whose `.muse` and rules count. */
export const trustOption = {
  trustOwners: repeated('--trust-owner <uid>', 'obey .muse and rules owned by this user, too', userId),
};

/** The options for what is left out of a working tree, and by whose rules; each is named as the library names it. */
export const treeOptions = {
  gitignore: flag('--gitignore', 'leave out what git ignores: .gitignore files and .git/info/exclude'),
  ignoreFiles: repeated(
    '--ignore-file <file>',
    'leave out what this file lists, in the format of .museignore',
    nonEmpty,
    'file',
  ),
  exclude: repeated('--exclude <pattern>', 'leave out what this gitignore pattern matches', nonEmpty),
  noIgnore: flag(
    '--no-ignore',
    'read no ignore file, not even .museignore, nor patterns in .muse/snapshot.toml; .muse and .git stay left out',
  ),
  oneFileSystem: flag('--one-file-system', 'leave out directories where another file system is mounted'),
  ...trustOption,
} satisfies Readonly<Record<keyof TreeOptions, Word<unknown>>>;

/** Returns the name of a tree option, as it is typed. */
export function flagOf(name: string): string {
  return treeOptions[name as keyof TreeOptions].syntax.split(' ', 1)[0] ?? name;
}

/** Returns the options of a tree that were given, and no others: what is undefined here, a saved snapshot may decide. */
export function treeOptionsOf(given: ValuesOf<typeof treeOptions>): TreeOptions {
  const { trustOwners, gitignore, ignoreFiles, exclude, noIgnore, oneFileSystem } = given;
  return {
    trustOwners,
    ignoreFiles,
    exclude,
    gitignore: gitignore || undefined,
    noIgnore: noIgnore || undefined,
    oneFileSystem: oneFileSystem || undefined,
  };
}

/** Reads the number of a user. */
function userId(text: string): number {
  const uid = /^[0-9]{1,10}$/.test(text) ? Number(text) : Infinity;
  if (uid <= 0xff_ff_ff_fe) return uid;
  throw new RangeError('It must be the number of a user, such as 1000.');
}

/** The help on how to name a snapshot. */
export const operandHelp = `A snapshot is named by one of these:
  sha256:1fb5cba8, 1fb5cba8  a saved snapshot, by its id or a unique prefix: at least four digits without 'sha256:'
  latest, latest~1           the last one saved of the directory beside it, or the one before that
  m.json                     a manifest written by 'muse snapshot -o', '--json' or '--format ndjson'
  SHA256SUMS                 a list of sha256sum, in GNU or BSD form, of files below the directory beside it
  -                          a manifest or a list on stdin
  src                        a directory, as it is now
Saved snapshots are those of the working tree around the current directory. To name a file or directory that is called
like one, write './' before it.`;
