import * as fs from 'node:fs';
import { holdDirectory, type HoldDirectory } from '@muse/paths';

/** A value now, or a promise of it: what tells the synchronous calls from the asynchronous ones. */
export type Awaitable<T> = T | Promise<T>;

/** The system calls that hash one file; tests put their own between any two of them. */
export interface FileCalls {
  lstat(path: string | Uint8Array): Awaitable<fs.BigIntStats>;
  open(path: string | Uint8Array, flags: number): Awaitable<number>;
  fstat(fd: number): Awaitable<fs.BigIntStats>;
  /** Reads at the descriptor's position into the buffer; returns the number of bytes, 0 at the end. */
  read(fd: number, buffer: Uint8Array): Awaitable<number>;
  close(fd: number): Awaitable<void>;
  /** Holds a directory open while files in it are hashed. Default: each call reaches them by their paths. */
  readonly hold?: HoldDirectory;
}

const BIGINT = { bigint: true } as const;

// Node's path type asks for Buffer where its code takes any Uint8Array.
type NodePath = string | Buffer;

/** Calls that block; for worker threads, where they cost a third of the others. */
export const syncCalls: FileCalls = {
  lstat: (path) => fs.lstatSync(path as NodePath, BIGINT),
  open: (path, flags) => fs.openSync(path as NodePath, flags),
  fstat: (fd) => fs.fstatSync(fd, BIGINT),
  read: (fd, buffer) => fs.readSync(fd, buffer, 0, buffer.length, null),
  close: (fd) => {
    fs.closeSync(fd);
  },
  hold: holdDirectory,
};

function promised<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

/** Calls that leave the event loop free. */
export const asyncCalls: FileCalls = {
  lstat: (path) =>
    promised((done) => {
      fs.lstat(path as NodePath, BIGINT, done);
    }),
  open: (path, flags) =>
    promised((done) => {
      fs.open(path as NodePath, flags, done);
    }),
  fstat: (fd) =>
    promised((done) => {
      fs.fstat(fd, BIGINT, done);
    }),
  read: (fd, buffer) =>
    promised((done) => {
      fs.read(fd, buffer, 0, buffer.length, null, done);
    }),
  close: (fd) =>
    promised<undefined>((done) => {
      fs.close(fd, (error) => {
        done(error ?? null, undefined);
      });
    }),
  hold: holdDirectory,
};
