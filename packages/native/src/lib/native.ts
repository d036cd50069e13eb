import { packDigestRequest, type DigestPiece } from './layout.js';

/** The arguments of `scan`. All bytes are in shared memory, and stay as they are until the call has ended. */
export interface ScanCall {
  /** Descriptor of the root. */
  readonly root: number;
  /** An inotify descriptor: each directory is watched before it is listed. */
  readonly inotify?: number;
  /** See `packScanRequest`. */
  readonly request: Uint8Array;
  /** The text of a stat cache. */
  readonly lines: Uint8Array;
  /** Receives a record for each directory, in the order of the request, as many as fit. */
  readonly reply: Uint8Array;
}

/** The arguments of `hash`. All bytes are in shared memory, and stay as they are until the call has ended. */
export interface HashCall {
  /** Descriptor of the root. */
  readonly root: number;
  /** A file with more bytes than this is not read to its end: reading it failed with `EFBIG`. */
  readonly largest: number;
  /** See `packHashRequest`. */
  readonly request: Uint8Array;
  /** Receives a record for each file, in the order of the request, as many as fit. */
  readonly reply: Uint8Array;
}

/** The native engine. A call throws a `RangeError` for a request that is not as it should be. */
export interface Native {
  /**
   * Resolves with whether `hash` may be called: whether this Node gives out the SHA-256 that it needs, and a known file
   * gets its known digest. Once it does, that is not tested again. Runs on Node's pool, because the first hash of a process
   * takes OpenSSL 1.5 ms.
   */
  canHash(): Promise<boolean>;
  /**
   * Returns the SHA-256 of bytes as 64 hex digits, at once; `undefined` where this Node does not give out what it needs.
   * `node:crypto` does the same, and takes 5 ms to load.
   */
  readonly sha256: ((bytes: Uint8Array) => string) | undefined;
  /** Scans on a thread of Node's pool; resolves with the number of directories answered. */
  scan(call: ScanCall): Promise<number>;
  /** Does the same on this thread. */
  scanSync(call: ScanCall): number;
  /** Hashes on a thread of Node's pool; resolves with the number of files answered. */
  hash(call: HashCall): Promise<number>;
  /** Does the same on this thread. */
  hashSync(call: HashCall): number;
  /**
   * Resolves with the SHA-256 of pieces, and of a NUL between two, as 64 hex digits; runs on a thread of Node's pool.
   * `undefined` where {@link Native.sha256} is. `lines`, in shared memory, stay as they are until then.
   */
  readonly digest: ((pieces: readonly DigestPiece[], lines: Uint8Array) => Promise<string>) | undefined;
  /** Does the same on this thread. */
  readonly digestSync: ((pieces: readonly DigestPiece[], lines: Uint8Array) => string) | undefined;
  /** Returns a new, non-blocking inotify descriptor. It is closed with the thread at the latest. */
  inotifyInit(): number;
  /** Closes an inotify descriptor: nothing else may, since another one could get its number before the thread ends. */
  inotifyClose(inotify: number): void;
  /** Reads events that there are, as the system writes them, and returns their bytes; 0 where there is none. Never waits. */
  inotifyRead(inotify: number, bytes: Uint8Array): number;
  /** Ends a watch. */
  inotifyRemove(inotify: number, watch: number): void;
  /** Returns whether nobody is at the other end of a pipe, a socket or a terminal any more, which only a write would tell otherwise. */
  hasHungUp(descriptor: number): boolean;
}

/** Called before each system call that touches the file system, with its name; a test build alone does so. */
export type OnStep = (call: string) => void;

type Buffers = [request: Uint8Array, reply: Uint8Array, lines?: Uint8Array, onStep?: OnStep];

/** The exports of the binary. Numbers below 0 are error numbers. */
export interface Addon {
  readonly canHash: boolean;
  scan(root: number, inotify: number, ...buffers: Buffers): Promise<number>;
  scanSync(root: number, inotify: number, ...buffers: Buffers): number;
  hash(root: number, largest: number, ...buffers: Buffers): Promise<number>;
  hashSync(root: number, largest: number, ...buffers: Buffers): number;
  digest(none: 0, noneToo: 0, ...buffers: Buffers): Promise<number>;
  digestSync(none: 0, noneToo: 0, ...buffers: Buffers): number;
  sha256(bytes: Uint8Array, digest: Uint8Array): number;
  inotifyInit(): number;
  inotifyClose(inotify: number): number;
  inotifyRead(inotify: number, bytes: Uint8Array): number;
  inotifyRemove(inotify: number, watch: number): number;
  hasHungUp(descriptor: number): number;
}

/** Returns the engine that calls this binary; `testHash` is asked by `canHash`. */
export function nativeFrom(
  addon: Addon,
  testHash: (native: Native) => Promise<boolean>,
  onStep?: OnStep,
): Native {
  let isTested = false;
  const native: Native = {
    canHash: async () => addon.canHash && (isTested ||= await testHash(native)),
    sha256: addon.canHash ? (bytes) => digestBy(addon, bytes) : undefined,
    scan: async ({ root, inotify = -1, request, lines, reply }) =>
      checked('scan', await addon.scan(root, inotify, request, reply, lines)),
    scanSync: ({ root, inotify = -1, request, lines, reply }) =>
      checked('scan', addon.scanSync(root, inotify, request, reply, lines, onStep)),
    hash: async ({ root, largest, request, reply }) =>
      checked('hash', await addon.hash(root, largest, request, reply)),
    hashSync: ({ root, largest, request, reply }) =>
      checked('hash', addon.hashSync(root, largest, request, reply, undefined, onStep)),
    digest: addon.canHash
      ? async (pieces, lines) => {
          const reply = shared(DIGEST_BYTES);
          checked('hash', await addon.digest(0, 0, packDigestRequest(pieces), reply, lines));
          return reply.toString('hex');
        }
      : undefined,
    digestSync: addon.canHash
      ? (pieces, lines) => {
          const reply = shared(DIGEST_BYTES);
          checked('hash', addon.digestSync(0, 0, packDigestRequest(pieces), reply, lines));
          return reply.toString('hex');
        }
      : undefined,
    inotifyInit: () => checked('watch', addon.inotifyInit()),
    inotifyClose: (inotify) => void checked('end watching', addon.inotifyClose(inotify)),
    inotifyRead: (inotify, bytes) => {
      const read = addon.inotifyRead(inotify, bytes);
      return read === -EAGAIN ? 0 : checked('read events', read);
    },
    inotifyRemove: (inotify, watch) => void checked('end a watch', addon.inotifyRemove(inotify, watch)),
    hasHungUp: (descriptor) => checked('poll a descriptor', addon.hasHungUp(descriptor)) > 0,
  };
  return native;
}

const DIGEST_BYTES = 32;

function digestBy(addon: Addon, bytes: Uint8Array): string {
  const digest = Buffer.alloc(DIGEST_BYTES);
  checked('hash', addon.sha256(bytes, digest));
  return digest.toString('hex');
}

function shared(size: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(size));
}

/** The same numbers on all processors that there is a binary for. */
const EINVAL = 22;
const EAGAIN = 11;

function checked(action: string, result: number): number {
  if (result >= 0) return result;
  if (result === -EINVAL) throw new RangeError(`Cannot ${action}: the arguments are not as they should be`);
  throw Object.assign(new Error(`Cannot ${action}: the system said error ${-result}`), { errno: result });
}
