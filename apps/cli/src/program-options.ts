import { InvalidArgumentError, type Command } from 'commander';
import type { ColorChoice, CommonOptions, Request } from './request.js';

/** Gets what a valid command line asks for. */
export type Accept = (request: Request) => void;

export const threadsText = 'threads that list and hash at most (default: the processors)';
export const oneFileSystemText = 'leave out directories where another file system is mounted';

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

/** Reads a whole number above 0. */
export function positiveInteger(value: string): number {
  const number = /^[0-9]+$/.test(value) ? Number(value) : 0;
  if (!Number.isSafeInteger(number) || number === 0) {
    throw new InvalidArgumentError('It must be a whole number above 0.');
  }
  return number;
}
