import { constants, type BigIntStats } from 'node:fs';
import type { FileCalls } from '../../src/lib/hash-file.js';

export type Kind = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'device';
export type Call = 'lstat' | 'open' | 'fstat' | 'read' | 'close';
/** The n-th call of a kind, counted from 1, such as `read 2`. */
export type Step = `${Call} ${number}`;

interface Inode {
  kind: Kind;
  ino: bigint;
  dev: bigint;
  data: Buffer;
  /** What the stat says the size is. Default: what it is. */
  claims?: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/**
 * One path in a file system that does exactly what a test says: `before` runs right before a call, `failures` makes a
 * call fail with a code. A link that is followed, a FIFO opened without `O_NONBLOCK`, a descriptor closed twice: each
 * throws an error of its own, so that no test can pass by accident.
 */
export class FakeFiles {
  inode: Inode | undefined;
  readonly opened = new Map<number, { inode: Inode; position: number }>();
  readonly log: Step[] = [];
  readonly #before: Partial<Record<Step, (files: FakeFiles) => void>>;
  readonly #failures: Partial<Record<Step, string>>;
  /** The most bytes that one read gives. */
  readonly #chunk: number;
  readonly #counts = new Map<Call, number>();
  #clock = 1_700_000_000_000_000_000n;
  #next = 10;

  constructor(
    data: string,
    before: Partial<Record<Step, (files: FakeFiles) => void>> = {},
    failures: Partial<Record<Step, string>> = {},
    chunk = Infinity,
  ) {
    this.#before = before;
    this.#failures = failures;
    this.#chunk = chunk;
    this.replace('file', data);
  }

  /** Puts another inode in the path's place. */
  replace(kind: Kind, data = ''): void {
    const stamp = this.tick();
    const ino = BigInt(this.#next++);
    this.inode = { kind, ino, dev: 1n, data: Buffer.from(data), mtimeNs: stamp, ctimeNs: stamp };
  }

  /** Changes the inode in place. */
  change(change: Partial<Inode>): void {
    Object.assign(this.#present('change'), change);
  }

  /** Writes in place, as `pwrite` would: both times move. */
  write(data: string): void {
    const stamp = this.tick();
    this.change({ data: Buffer.from(data), mtimeNs: stamp, ctimeNs: stamp });
  }

  /** Returns the next stamp of the clock. */
  tick(): bigint {
    return (this.#clock += 1_000_000n);
  }

  /** Calls that answer at once, or later. */
  calls(kind: 'sync' | 'async'): FileCalls {
    const now: FileCalls = {
      lstat: () => this.#step('lstat', () => statOf(this.#present('lstat'))),
      open: (_, flags) => this.#step('open', () => this.#open(flags)),
      fstat: (fd) => this.#step('fstat', () => statOf(this.#descriptor(fd).inode)),
      read: (fd, buffer) => this.#step('read', () => this.#read(fd, buffer)),
      close: (fd) => {
        this.#descriptor(fd);
        this.opened.delete(fd);
        this.#step('close', () => undefined);
      },
    };
    if (kind === 'sync') return now;
    return {
      lstat: async (path) => (await later(), now.lstat(path)),
      open: async (path, flags) => (await later(), now.open(path, flags)),
      fstat: async (fd) => (await later(), now.fstat(fd)),
      read: async (fd, buffer) => (await later(), now.read(fd, buffer)),
      close: async (fd) => {
        await later();
        return now.close(fd);
      },
    };
  }

  #step<T>(call: Call, answer: () => T): T {
    const count = (this.#counts.get(call) ?? 0) + 1;
    this.#counts.set(call, count);
    const step: Step = `${call} ${count}`;
    this.log.push(step);
    this.#before[step]?.(this);
    const code = this.#failures[step];
    if (code !== undefined) throw systemError(code, call);
    return answer();
  }

  #present(call: string): Inode {
    if (!this.inode) throw systemError('ENOENT', call);
    return this.inode;
  }

  #open(flags: number): number {
    const inode = this.#present('open');
    if (inode.kind === 'socket') throw systemError('ENXIO', 'open');
    if (inode.kind === 'link') {
      if ((flags & constants.O_NOFOLLOW) === 0) throw new Error('The code under test followed a link');
      throw systemError('ELOOP', 'open');
    }
    if (inode.kind !== 'file' && (flags & constants.O_NONBLOCK) === 0) {
      throw new Error('The code under test may hang in open');
    }
    const fd = this.#next++;
    this.opened.set(fd, { inode, position: 0 });
    return fd;
  }

  #read(fd: number, buffer: Uint8Array): number {
    const file = this.#descriptor(fd);
    if (file.inode.kind !== 'file') throw new Error(`The code under test read a ${file.inode.kind}`);
    const piece = file.inode.data.subarray(file.position).subarray(0, Math.min(buffer.length, this.#chunk));
    buffer.set(piece);
    file.position += piece.length;
    return piece.length;
  }

  #descriptor(fd: number): { inode: Inode; position: number } {
    const file = this.opened.get(fd);
    if (!file) throw new Error(`The code under test used descriptor ${fd}, which is not open`);
    return file;
  }
}

function later(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function systemError(code: string, call: string): Error {
  return Object.assign(new Error(`${code}: injected, ${call}`), { code, syscall: call });
}

function statOf(inode: Inode): BigIntStats {
  const { kind, ino, dev, data, claims, mtimeNs, ctimeNs } = inode;
  return {
    ...{ ino, dev, mtimeNs, ctimeNs, size: BigInt(claims ?? data.length) },
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'directory',
    isSymbolicLink: () => kind === 'link',
    isFIFO: () => kind === 'fifo',
    isSocket: () => kind === 'socket',
  } as BigIntStats;
}
