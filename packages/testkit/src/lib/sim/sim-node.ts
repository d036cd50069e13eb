import { constants } from 'node:fs';

/** The kinds of a simulated inode. */
export type SimKind = 'file' | 'directory' | 'symlink' | 'fifo';

/** A simulated inode. */
export class SimNode {
  readonly ino: bigint;
  readonly kind: SimKind;
  /** A file's bytes. */
  data: Buffer = Buffer.alloc(0);
  /** A link's target, absolute. */
  target = '';
  readonly children = new Map<string, SimNode>();
  mtimeNs: bigint;
  ctimeNs: bigint;

  constructor(ino: bigint, kind: SimKind, stampNs: bigint) {
    this.ino = ino;
    this.kind = kind;
    this.mtimeNs = stampNs;
    this.ctimeNs = stampNs;
  }

  /** Returns what `lstat` with bigint would, as far as our code looks. */
  stat(dev: bigint): SimStat {
    const { ino, kind, mtimeNs, ctimeNs } = this;
    return {
      dev,
      ino,
      mode: BigInt(MODES[kind] | 0o644),
      size: BigInt(this.data.length),
      mtimeNs,
      ctimeNs,
      isFile: () => kind === 'file',
      isDirectory: () => kind === 'directory',
      isSymbolicLink: () => kind === 'symlink',
      isFIFO: () => kind === 'fifo',
      isSocket: () => false,
    };
  }
}

/** The part of `BigIntStats` that a simulated file has. */
export interface SimStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

const MODES: Record<SimKind, number> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  fifo: constants.S_IFIFO,
};
