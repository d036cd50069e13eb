import { closeSync, constants, openSync } from 'node:fs';
import { isWellFormedPath, openLongPath, treePathToBytes } from '@muse/paths';
import type { DirectoryToScan, ScanCall, ScanEngine } from './engine.js';
import { ERRNO, OUTCOME, OUTCOMES, RECORD_BYTES } from './reply.js';

type NativeModule = typeof import('@muse/native');

/** The native engine, and the layout of what it is asked. */
export interface NativeEngine extends Pick<NativeModule, 'packScanRequest' | 'HashRequest'> {
  readonly native: import('@muse/native').Native;
}

/** Thrown if the environment variable `MUSE_ENGINE` asks for an engine that is not available. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** `EINVAL` where its value names no engine, `ENOTSUP` where there is no native one here. */
  readonly code: 'EINVAL' | 'ENOTSUP';

  constructor(code: EngineError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The engine of this process: a fact that does not change. */
let loaded: Promise<NativeEngine | string> | undefined;

/**
 * Resolves with the native engine; with `undefined` where there is none, or `MUSE_ENGINE` is `typescript`.
 *
 * @param logger - hears at `debug` why there is none.
 * @throws `EngineError` if `MUSE_ENGINE` is `native` and there is none, or if it names no engine.
 */
export async function nativeEngine(
  logger: { debug?(message: string): void } | undefined,
): Promise<NativeEngine | undefined> {
  const wanted = process.env['MUSE_ENGINE'] ?? '';
  if (wanted === 'typescript') return undefined;
  if (wanted !== '' && wanted !== 'native') {
    const message = `Cannot choose an engine: MUSE_ENGINE is ${JSON.stringify(wanted)}; set it to "native" or "typescript"`;
    throw new EngineError('EINVAL', message);
  }
  const engine = await (loaded ??= load());
  if (typeof engine !== 'string') return engine;
  if (wanted === 'native')
    throw new EngineError('ENOTSUP', `Cannot use the native engine that MUSE_ENGINE asks for: ${engine}`);
  logger?.debug?.(`the native engine cannot be used: ${engine}`);
  return undefined;
}

async function load(): Promise<NativeEngine | string> {
  try {
    const { loadNative, packScanRequest, HashRequest } = await import('@muse/native');
    const { native, reason } = loadNative();
    return native ? { native, packScanRequest, HashRequest } : reason;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The native engine with a root that is held open for it. */
export interface NativeRoot extends NativeEngine {
  readonly descriptor: number;
  /** The number of calls to have under way at once: two threads of Node's own pool stay free for others. */
  readonly calls: number;
  /** One more, if there is a thread for it, so that none of them waits while this thread reads a reply. */
  readonly callsToQueue: number;
  close(): void;
}

/** `O_PATH`, the same on all processors that there is a binary for: opens a directory that may be entered and not listed, too. */
const O_PATH = 0o10000000;
const POOL_SIZE = 4;

/**
 * Opens a root for the native engine. Returns `undefined` where it cannot be opened: the other engine says why.
 *
 * @param root - its native path, links resolved; may hold escaped bytes.
 * @param threads - the most calls to have under way at once.
 */
export function openNativeRoot(engine: NativeEngine, root: string, threads: number): NativeRoot | undefined {
  let descriptor: number;
  try {
    const reached = openLongPath(treePathToBytes(root));
    try {
      descriptor = openSync(reached.path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } finally {
      reached.close();
    }
  } catch {
    return undefined;
  }
  const poolSize = Number(process.env['UV_THREADPOOL_SIZE'] ?? POOL_SIZE) || POOL_SIZE;
  const most = Math.max(1, poolSize - 2);
  const calls = Math.min(threads, most);
  const callsToQueue = calls === 1 ? 1 : Math.min(calls + 1, most);
  const close = () => {
    closeSync(descriptor);
  };
  return { ...engine, descriptor, calls, callsToQueue, close };
}

/** Directories of one call: some 2 ms of work. */
const DIRECTORIES_A_CALL = 48;
/** Bytes for the reply to one call; what does not fit is asked for once more. */
const REPLY_BYTES = 256 * 1024;

/** The outcome of a directory whose record fits no reply of the size that was given; its `ERRNO` is the bytes that are enough. */
const TOO_LARGE = OUTCOMES.indexOf('too-large');

/** Lists in short calls on Node's own pool. */
export class NativeScanEngine implements ScanEngine {
  readonly capacity: number;
  readonly #root: NativeRoot;
  readonly #lines: Uint8Array;
  /** Memory for replies that no call is under way with. */
  readonly #free: Uint8Array[] = [];
  #underWay = 0;

  /** @param lines - the text of the stored lines, in shared memory. */
  constructor(root: NativeRoot, lines?: Uint8Array) {
    this.capacity = root.callsToQueue;
    this.#root = root;
    this.#lines = lines ?? shared(0);
  }

  batchSize(waiting: number): number {
    const idle = Math.max(1, this.capacity - this.#underWay);
    return Math.min(DIRECTORIES_A_CALL, Math.ceil(waiting / idle));
  }

  async scan(directories: readonly DirectoryToScan[], call: ScanCall): Promise<Uint8Array> {
    this.#underWay++;
    try {
      return await this.#scan(directories, call);
    } finally {
      this.#underWay--;
    }
  }

  async #scan(
    directories: readonly DirectoryToScan[],
    { signal, allDetails = false, inotify }: ScanCall,
  ): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let reply = this.#free.pop() ?? shared(REPLY_BYTES);
    for (let done = 0; done < directories.length;) {
      signal?.throwIfAborted();
      const answered = await this.#call(directories, done, { allDetails, inotify }, reply);
      const { used, needed } = measure(reply, answered);
      if (needed === undefined) {
        parts.push(reply.slice(0, used));
        done += answered;
      } else {
        // Some more, for what is made in it meanwhile.
        reply = shared(needed + REPLY_BYTES);
      }
    }
    if (reply.length === REPLY_BYTES) this.#free.push(reply);
    const [only] = parts;
    return only && parts.length === 1 ? only : joined(parts);
  }

  /** Asks for the directories from one on that are reached from the same base; resolves with how many were answered. */
  #call(
    directories: readonly DirectoryToScan[],
    from: number,
    { allDetails = false, inotify = -1 }: Pick<ScanCall, 'allDetails' | 'inotify'>,
    reply: Uint8Array,
  ): Promise<number> {
    const { native, packScanRequest, descriptor } = this.#root;
    const base = directories[from]?.base;
    let to = from + 1;
    while (to < directories.length && directories[to]?.base === base) to++;
    const above = base ? treePathToBytes(directories[from]?.path.slice(0, base.length) ?? '').length : 0;
    const request = packScanRequest(
      directories.slice(from, to).map(({ path, dev, ino, slice }) => ({
        dev,
        ino,
        from: slice.from,
        to: slice.to,
        allDetails,
        path: isWellFormedPath(path) ? path : treePathToBytes(path),
        base: above,
      })),
    );
    return native.scan({ root: base?.descriptor ?? descriptor, inotify, request, lines: this.#lines, reply });
  }
}

/** Returns the bytes of the first records of a reply; or how many bytes the only one needs, where it does not fit. */
function measure(reply: Uint8Array, records: number): { readonly used: number; readonly needed?: number } {
  const words = new Uint32Array(reply.buffer);
  const word = (index: number) => {
    const value = words[index];
    if (value === undefined) throw new RangeError('Broken scan reply: it ends within a record');
    return value;
  };
  if (records === 0) throw new RangeError('Broken scan reply: there is no record');
  if (word(OUTCOME) === TOO_LARGE) return { used: 0, needed: word(ERRNO) };
  let used = 0;
  for (let record = 0; record < records; record++) used += word(used / 4 + RECORD_BYTES);
  return { used };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function shared(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size));
}
