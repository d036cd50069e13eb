import type { FileCalls, StoredLines, StatCache } from '@muse/stat-cache';
import type { ResolvedRoot } from '@muse/walker';
import {
  type LineRange,
  type NativeEngine,
  NativeScanEngine,
  openNativeRoot,
  type ScanCalls,
  type ScanEngine,
  type ThreadPool,
  TypeScriptScanEngine,
} from '@muse/walker/scan';
import { type HashEngine, TypeScriptHashEngine } from '../hash/engine.js';
import { NativeHashEngine } from '../hash/native-engine.js';
import { LineJoin } from './join.js';

/** Options of {@link openEngines}. */
export interface EngineOptions {
  readonly root: Pick<ResolvedRoot, 'root'>;
  /** Its lines are what listings are joined with. */
  readonly cache: Pick<StatCache, 'lines'> | undefined;
  /** The tree path of the directory to take; `''` is the root. */
  readonly subtree: string;
  /** The most threads that work at once. */
  readonly threads: number;
  /** The native engine, where there is one. */
  readonly native: NativeEngine | undefined;
  readonly pool: ThreadPool | undefined;
  /** The system calls of this thread, for tests that choose what happens between two of them. Default: the system's. */
  readonly calls?: { readonly scan: ScanCalls; readonly files: FileCalls } | undefined;
}

/** The engines of one snapshot. */
export interface Engines {
  /** The stored lines that listings are joined with, where the cache has lines. */
  readonly lines: StoredLines | undefined;
  readonly scan: ScanEngine;
  /** @param saving - resolves once no temporary file exists; see `TypeScriptHashOptions`. */
  hash(saving: (() => Promise<unknown> | undefined) | undefined): HashEngine;
  /** Lets go of the root. Nothing may be under way. */
  close(): void;
}

/**
 * Returns the native engines where there are any and the tests choose no system calls, else those in TypeScript. Nothing
 * above knows which they are.
 */
export function openEngines({
  root: { root },
  cache,
  pool,
  native,
  threads,
  subtree,
  calls,
}: EngineOptions): Engines {
  const lines = sharedLines(cache?.lines);
  const hash = (saving: Parameters<Engines['hash']>[0]) =>
    new TypeScriptHashEngine({ root, pool, calls: calls?.files, saving });
  const opened = native && !calls ? openNativeRoot(native, root, threads) : undefined;
  if (opened) {
    return {
      lines,
      scan: new NativeScanEngine(opened, lines?.bytes),
      hash: (saving) => new NativeHashEngine(opened, hash(saving)),
      close: () => {
        opened.close();
      },
    };
  }
  if (lines && subtree === '') pool?.startFor('knownFiles', lines.count);
  const join = lines && {
    data: lines,
    join: ({ path, slice }: { readonly path: string; readonly slice: LineRange }) =>
      new LineJoin(lines, path, slice),
  };
  const scan = new TypeScriptScanEngine({ root, pool, calls: calls?.scan, ...join });
  return { lines, scan, hash, close: () => undefined };
}

/** Returns lines that worker threads read without a copy. */
function sharedLines(lines: StoredLines | undefined): StoredLines | undefined {
  if (!lines || lines.bytes.buffer instanceof SharedArrayBuffer) return lines;
  const bytes = new Uint8Array(new SharedArrayBuffer(lines.bytes.length));
  bytes.set(lines.bytes);
  return { ...lines, bytes };
}
