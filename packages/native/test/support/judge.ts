import type { BigIntStats } from 'node:fs';
import { fsdecode } from '@muse/testkit';

/** A directory that a scan is asked for. */
export interface Wanted {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly path: Buffer;
  readonly from: number;
  readonly to: number;
  readonly base?: number;
  readonly allDetails?: boolean;
}

/** A file that a hash is asked for. */
export interface WantedFile {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly name: Uint8Array;
}

interface Slice {
  readonly from: number;
  readonly to: number;
}

interface Directory {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly slice: Slice;
}

/** What is used of the engine in TypeScript, which is no dependency of this package. */
interface Walker {
  readonly systemCalls: unknown;
  scanBatch(
    calls: unknown,
    task: {
      readonly root: string;
      readonly directories: readonly Directory[];
      readonly allDetails: boolean;
    },
    options: { readonly join: (directory: Directory) => unknown },
  ): Uint8Array;
}
interface Joining {
  readonly LineJoin: new (
    lines: Slice & { readonly bytes: Uint8Array; readonly count: number },
    path: string,
    slice: Slice,
  ) => unknown;
}
interface Hashing {
  readonly hashBatch: (
    task: {
      readonly kind: 'hash';
      readonly root: string;
      readonly directories: readonly (Omit<Directory, 'slice'> & { readonly count: number })[];
      readonly names: string;
      readonly identities: BigInt64Array;
    },
    buffer: Buffer,
    signal: { throwIfAborted(): void },
  ) => Int32Array;
}

const packages = new URL('../../../', import.meta.url);
const load = (path: string): Promise<unknown> => import(/* @vite-ignore */ new URL(path, packages).href);
const walker = (await load('walker/src/scan.ts')) as Walker;
const { LineJoin } = (await load('snapshot/src/lib/take/join.ts')) as Joining;
const { hashBatch } = (await load('snapshot/src/lib/hash/engine.ts')) as Hashing;

/** Returns what the engine in TypeScript replies to a scan. Each line of the text must end in a line feed. */
export function judgeScan(
  root: string,
  { path, dev, ino, from, to, allDetails = false }: Wanted,
  text: Buffer,
): Buffer {
  const lines = { bytes: text, from, to, count: 0 };
  const directory = { path: fsdecode(path), dev, ino, slice: { from, to } };
  const reply = walker.scanBatch(
    walker.systemCalls,
    { root, directories: [directory], allDetails },
    { join: (asked) => new LineJoin(lines, asked.path, asked.slice) },
  );
  return Buffer.from(reply);
}

/** Returns what the engine in TypeScript replies to a hash. */
export function judgeHash(
  root: string,
  directories: readonly (Wanted & { readonly files: readonly WantedFile[] })[],
): Buffer {
  const files = directories.flatMap((directory) => directory.files);
  const task = {
    kind: 'hash' as const,
    root,
    directories: directories.map(({ path, dev, ino, files: { length } }) => ({
      path: fsdecode(path),
      dev,
      ino,
      count: length,
    })),
    names: files.map(({ name }) => fsdecode(name)).join('\0'),
    identities: BigInt64Array.from(files.flatMap(({ dev, ino }) => [dev, BigInt.asIntN(64, ino)])),
  };
  const { buffer } = hashBatch(task, Buffer.alloc(65_536), { throwIfAborted: () => undefined });
  return Buffer.from(buffer);
}

/** The line of a file as the stat cache writes it. */
export function lineOf(
  path: Uint8Array,
  { mtimeNs, ctimeNs, size, ino }: Pick<BigIntStats, 'mtimeNs' | 'ctimeNs' | 'size' | 'ino'>,
  { digits = '0123456789abcdef'.repeat(4), dimensions = '{}', end = ',\n' } = {},
): Buffer {
  const stat = `"mtime":${timeText(mtimeNs)},"ctime":${timeText(ctimeNs)},"size":${size},"ino":${BigInt.asUintN(64, ino)}`;
  const value = `{${stat},"object_hash":"sha256:${digits}","dimensions":${dimensions}}`;
  return Buffer.from(`${JSON.stringify(fsdecode(path))}:${value}${end}`);
}

function timeText(ns: bigint): string {
  const digits = String(ns < 0n ? -ns : ns).padStart(10, '0');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
