import * as fs from 'node:fs';
import { holdDirectory, type HoldDirectory } from '@muse/paths';
import { DescriptorDirectory } from './descriptor-directory.js';
import { linuxCalls, type LinuxCalls } from './linux-calls.js';
import { NodeDirectory, type OpenedDirectory } from './opened-directory.js';

/** A name in a directory, with its type. */
export type ListedName = Pick<fs.Dirent<Buffer>, 'name' | 'isDirectory'>;

/** The system calls that list a directory; tests put their own between any two of them. */
export interface ScanCalls {
  /** The names in a directory, decoded as UTF-8: U+FFFD stands for what is none. */
  names(path: string | Buffer): string[];
  /** The names in a directory, as bytes. */
  nameBytes(path: string | Buffer): Buffer[];
  /** The entries of a directory with the types that the file system keeps beside their names. */
  readonly dirents?: (path: string | Buffer) => readonly ListedName[];
  /** The stat of an entry itself, `undefined` where there is none. */
  lstat(path: string | Buffer): fs.BigIntStats | undefined;
  /** Holds a directory open while it is listed. Default: each call reaches it by its path. */
  readonly hold?: HoldDirectory;
  /** Calls for a directory that is held, quicker than Node's. */
  readonly linux?: LinuxCalls;
}

const LSTAT = { bigint: true, throwIfNoEntry: false } as const;

/** Calls that block, for worker threads and for short slices: an `lstat` takes 4 µs where a promise of one takes 30. */
export const systemCalls: ScanCalls = {
  names: (path) => fs.readdirSync(path, 'utf8'),
  nameBytes: (path) => fs.readdirSync(path, 'buffer'),
  dirents: (path) => fs.readdirSync(path, { encoding: 'buffer', withFileTypes: true }),
  lstat: (path) => fs.lstatSync(path, LSTAT),
  hold: holdDirectory,
};

/**
 * Returns the calls for many directories: those of the C library where the system has them, a third quicker, else those of
 * Node. The first call takes 6 ms.
 */
export function quickCalls(): ScanCalls {
  const linux = linuxCalls();
  return linux ? { ...systemCalls, linux } : systemCalls;
}

/** Returns a directory as these calls list it. Throws the system's error where it cannot be opened. */
export function openDirectory(calls: ScanCalls, path: string | Buffer): OpenedDirectory {
  const held = calls.hold?.(path);
  const directory = new NodeDirectory(calls, path, held);
  return held && calls.linux
    ? new DescriptorDirectory(calls.linux, held.descriptor, path, directory)
    : directory;
}
