import * as fs from 'node:fs';

/** The system calls that list a directory; tests put their own between any two of them. */
export interface ScanCalls {
  /** The names in a directory, decoded as UTF-8: U+FFFD stands for what is none. */
  names(path: string | Buffer): string[];
  /** The names in a directory, as bytes. */
  nameBytes(path: string | Buffer): Buffer[];
  /** The stat of an entry itself, `undefined` where there is none. */
  lstat(path: string | Buffer): fs.BigIntStats | undefined;
}

const LSTAT = { bigint: true, throwIfNoEntry: false } as const;

/** Calls that block, for worker threads and for short slices: an `lstat` takes 4 µs where a promise of one takes 30. */
export const systemCalls: ScanCalls = {
  names: (path) => fs.readdirSync(path, 'utf8'),
  nameBytes: (path) => fs.readdirSync(path, 'buffer'),
  lstat: (path) => fs.lstatSync(path, LSTAT),
};
