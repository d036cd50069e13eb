import { InvalidArgumentError, type Command } from 'commander';
import type { TreeOptions } from '@muse/snapshot';
import type { ColorChoice, CommonOptions, Request, TreeRequest } from './request.js';

/** Gets what a valid command line asks for. */
export type Accept = (request: Request) => void;

/** What help says of a `--json` that has no more to it. */
export const jsonText = 'print one JSON document';

/** What help says of `--threads`. */
export const threadsText = 'threads that list and hash at most (default: the processors)';

/** What commander has of the options that say what is left out of a working tree. */
export interface TreeFlags {
  gitignore?: true;
  ignoreFile?: string[];
  exclude?: string[];
  ignore?: boolean;
  oneFileSystem?: true;
  trustOwner?: number[];
}

/** Adds the options that say what is left out of a working tree, and by whose rules. */
export function withTreeOptions(command: Command): Command {
  return withTrust(command)
    .option('--gitignore', 'leave out what git does, by .gitignore files and .git/info/exclude')
    .option(
      '--ignore-file <file>',
      'leave out what this file says, too, in the format of .museignore; may be repeated',
      collected,
    )
    .option(
      '--exclude <pattern>',
      'leave out what this pattern matches, as in a .gitignore; may be repeated',
      collected,
    )
    .option('--no-ignore', 'read no file of rules, not even .museignore; .muse and .git stay left out')
    .option('--one-file-system', 'leave out directories where another file system is mounted');
}

/** Adds the option that says whose `.muse` and rules count. */
export function withTrust(command: Command): Command {
  return command.option(
    '--trust-owner <uid>',
    'obey a .muse and rules that this user owns, too; may be repeated',
    (value: string, before?: number[]) => [...(before ?? []), userId(value)],
  );
}

/** Returns what they say. */
export function treeRequest({
  gitignore,
  ignoreFile,
  exclude,
  ignore,
  oneFileSystem,
  trustOwner,
}: TreeFlags): TreeRequest {
  const tree: TreeOptions = {
    gitignore,
    ignoreFiles: ignoreFile,
    exclude,
    noIgnore: ignore === false ? true : undefined,
    oneFileSystem,
    trustOwners: trustOwner,
  };
  return { tree };
}

/** Adds a value to those given before, of an option that may be repeated. */
function collected(value: string, before: string[] = []): string[] {
  return [...before, nonEmpty(value)];
}

/** Returns the options that every command takes. */
export function common(program: Command): CommonOptions {
  const { quiet, color, debug } = program.opts<{ quiet?: true; color: ColorChoice; debug?: true }>();
  return { quiet: quiet === true, color, debug: debug === true };
}

/** Reads an argument that must not be empty. */
export function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

/** Reads the number of a user. */
function userId(value: string): number {
  const uid = /^[0-9]{1,10}$/.test(value) ? Number(value) : Infinity;
  if (uid <= 0xff_ff_ff_fe) return uid;
  throw new InvalidArgumentError('It must be the number of a user, such as 1000.');
}

/** Reads a whole number above 0. */
export function positiveInteger(value: string): number {
  const number = /^[0-9]+$/.test(value) ? Number(value) : 0;
  if (!Number.isSafeInteger(number) || number === 0) {
    throw new InvalidArgumentError('It must be a whole number above 0.');
  }
  return number;
}
