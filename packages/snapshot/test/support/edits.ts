import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

const PATHS = ['a', 'b', 'c.d', 'c', 'c/a', 'c/b', 'c/e', 'c/e/a', 'f', 'f/g'] as const;
const TIMES = [0, 1, 1_700_000_000, 1_700_000_000.5, 4_000_000_000, -1_000_000] as const;

/** One thing that somebody does to a tree. */
export interface Edit {
  readonly kind: keyof typeof ACTIONS;
  readonly path: string;
  readonly other: string;
  /** Chooses a content, a time, a mode. */
  readonly number: number;
}

const ACTIONS = {
  write: (at: string, _: string, n: number) => {
    writeFileSync(at, `content ${n % 7}`);
  },
  'write within': (at: string, _: string, n: number) => {
    const fd = openSync(at, 'r+');
    writeSync(fd, String(n % 10), n % 5);
    closeSync(fd);
  },
  append: (at: string, _: string, n: number) => {
    appendFileSync(at, String(n));
  },
  'write and set the times back': (at: string, _: string, n: number) => {
    const { atime, mtime } = lstatSync(at);
    writeFileSync(at, `content ${n % 7}`);
    utimesSync(at, atime, mtime);
  },
  'replace, with size and times as they were': (at: string, _: string, n: number) => {
    const { atime, mtime, size } = lstatSync(at);
    writeFileSync(`${at}.new`, String(n).padEnd(size, '.').slice(0, size));
    utimesSync(`${at}.new`, atime, mtime);
    renameSync(`${at}.new`, at);
  },
  rename: (at: string, other: string) => {
    renameSync(at, other);
  },
  swap: (at: string, other: string) => {
    renameSync(at, `${at}.swap`);
    renameSync(other, at);
    renameSync(`${at}.swap`, other);
  },
  delete: (at: string) => {
    rmSync(at, { recursive: true });
  },
  'make a directory': (at: string) => {
    mkdirSync(at);
  },
  'make a directory in its place': (at: string) => {
    rmSync(at, { recursive: true });
    mkdirSync(at);
  },
  'link to another': (at: string, other: string) => {
    rmSync(at, { recursive: true, force: true });
    symlinkSync(other, at);
  },
  'hard link': (at: string, other: string) => {
    linkSync(at, other);
  },
  'make a FIFO': (at: string) => {
    rmSync(at, { recursive: true, force: true });
    spawnSync('mkfifo', [at]);
  },
  touch: (at: string, _: string, n: number) => {
    const time = TIMES[n % TIMES.length] ?? 0;
    utimesSync(at, time, time);
  },
  chmod: (at: string, _: string, n: number) => {
    chmodSync(at, n % 2 === 0 ? 0o700 : 0o755);
  },
};

export const edits: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(...(Object.keys(ACTIONS) as (keyof typeof ACTIONS)[])),
  path: fc.constantFrom(...PATHS),
  other: fc.constantFrom(...PATHS),
  number: fc.nat(1000),
});

/** Does it, if it can be done to the tree as it is. */
export function apply(root: string, { kind, path, other, number }: Edit): void {
  try {
    const at = join(root, path);
    // What a link leads to may be edited through it, but a FIFO, there as here, would wait for a reader for ever.
    if (/write|append/.test(kind) && statSync(at, { throwIfNoEntry: false })?.isFIFO()) return;
    ACTIONS[kind](at, join(root, other), number);
  } catch {
    // Not possible here.
  }
}
