import { lstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { BASIC_STATS, StatxRecord } from './statx-record.js';

/** System calls that Node does not have, each of which returns -1 where it fails. */
export interface LinuxCalls {
  /** Writes the stat of an entry of an open directory into `record`, following no link. */
  readonly statx: (directory: number, name: string, record: Uint8Array) => number;
  /** Writes the stat of what an absolute path leads to into `record`, following no link at its end. */
  readonly statxPath: (path: string, record: Uint8Array) => number;
  /** Writes the stat of an open directory into `record`. */
  readonly fstatx: (directory: number, record: Uint8Array) => number;
  /** Writes some more entries of an open directory into `buffer` and returns how many bytes they are. */
  readonly getdents: (directory: number, buffer: Uint8Array) => number;
  /** Makes the next `getdents` begin at the first entry again. */
  readonly rewind: (directory: number) => number;
  /** Whether the last call failed because there is no such entry. */
  readonly isAbsent: () => boolean;
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const ENOENT = 2;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

let loaded: { readonly calls: LinuxCalls | undefined } | undefined;

/**
 * Returns the calls, or `undefined` where they cannot be had: on another system, where the optional package koffi or the C
 * library it calls is missing, or where `MUSE_NO_KOFFI` is set. The first call takes 6 ms.
 */
export function linuxCalls(): LinuxCalls | undefined {
  loaded ??= { calls: tryLoading(() => load(loadKoffi())) };
  return loaded.calls;
}

/**
 * Loads koffi from where an import finds it. A plain `require` would look in the directories of `NODE_PATH` too, and a
 * relative one is in whatever tree is the current directory.
 */
function loadKoffi(): typeof koffi {
  return createRequire(import.meta.resolve('koffi'))('koffi') as typeof koffi;
}

/** Returns the calls that `make` gives, where this system has them and they work. */
export function tryLoading(make: () => LinuxCalls): LinuxCalls | undefined {
  if (process.platform !== 'linux' || !LITTLE_ENDIAN || process.env['MUSE_NO_KOFFI']) return undefined;
  try {
    const calls = make();
    return agreesWithNode(calls) ? calls : undefined;
  } catch {
    return undefined;
  }
}

function load({ load: open, errno }: typeof koffi): LinuxCalls {
  const library = open('libc.so.6');
  type Statx = (directory: number, name: string, flags: number, mask: number, record: Uint8Array) => number;
  const statx = library.func(
    'int statx(int directory, const char *name, int flags, unsigned int mask, void *record)',
  ) as Statx;
  type Getdents = (directory: number, buffer: Uint8Array, size: number) => number;
  const getdents = library.func('intptr_t getdents64(int directory, void *buffer, size_t size)') as Getdents;
  type Lseek = (directory: number, offset: number, whence: number) => number;
  const lseek = library.func('int64_t lseek(int directory, int64_t offset, int whence)') as Lseek;
  return {
    statx: (directory, name, record) => statx(directory, name, AT_SYMLINK_NOFOLLOW, BASIC_STATS, record),
    statxPath: (path, record) => statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, BASIC_STATS, record),
    // A flag of its own: with it each call takes a tenth longer.
    fstatx: (directory, record) => statx(directory, '', AT_EMPTY_PATH, BASIC_STATS, record),
    getdents: (directory, buffer) => getdents(directory, buffer, buffer.length),
    rewind: (directory) => lseek(directory, 0, 0),
    isAbsent: () => errno() === ENOENT,
  };
}

/** A C library that is not the one it is named as, or a sandbox that denies them, shows here. */
function agreesWithNode(calls: LinuxCalls): boolean {
  const record = new StatxRecord();
  const { dev, ino, mode } = lstatSync('/', { bigint: true });
  return (
    calls.statxPath('/', record.bytes) === 0 &&
    record.isWhole &&
    record.isOf({ dev, ino }) &&
    record.mode === Number(mode)
  );
}
