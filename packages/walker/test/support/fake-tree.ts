import { constants, type BigIntStats } from 'node:fs';
import { fsdecode, fsencode } from '@muse/testkit';
import type { ScanCalls } from '../../src/lib/scan-calls.js';

/** What an entry of a fake tree is. */
export type FakeKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'unknown';

/** An inode in memory. */
export class FakeNode {
  readonly kind: FakeKind;
  ino: bigint;
  dev = 1n;
  readonly children = new Map<string, FakeNode>();
  /** Where a symbolic link leads. */
  target: FakeNode | undefined;

  constructor(kind: FakeKind, ino: bigint) {
    this.kind = kind;
    this.ino = ino;
  }
}

let nextIno = 1000n;

export function file(): FakeNode {
  return new FakeNode('file', nextIno++);
}

export function special(kind: FakeKind): FakeNode {
  return new FakeNode(kind, nextIno++);
}

export function link(target: FakeNode): FakeNode {
  const node = new FakeNode('symlink', nextIno++);
  node.target = target;
  return node;
}

/** A directory of `entries`; a name is a segment of a tree path. */
export function directory(entries: Readonly<Record<string, FakeNode>> = {}): FakeNode {
  const node = new FakeNode('directory', nextIno++);
  for (const [name, child] of Object.entries(entries)) node.children.set(name, child);
  return node;
}

type Call = 'names' | 'nameBytes' | 'lstat';

/** The calls of a scan, on a tree in memory that a test changes between any two of them. */
export class FakeCalls implements ScanCalls {
  /** What is at `/root`. */
  root: FakeNode;
  /** Called before each call; may change the tree, or throw what the system would. */
  before: (call: Call, path: string) => void = () => undefined;
  /** Each call made, as `lstat d/a`. */
  readonly log: string[] = [];
  /** Names that a listing gives although there is no such entry, by the path of the directory. */
  readonly ghosts = new Map<string, string[]>();

  constructor(root: FakeNode) {
    this.root = root;
  }

  readonly names = (path: string | Buffer): string[] =>
    this.#namesIn('names', path).map((name) => fsencode(name).toString('utf8'));

  readonly nameBytes = (path: string | Buffer): Buffer[] =>
    this.#namesIn('nameBytes', path).map((name) => fsencode(name));

  readonly lstat = (path: string | Buffer): BigIntStats | undefined => {
    const tree = this.#enter('lstat', path);
    const node = this.#find(tree, 'lstat');
    return node && statOf(node);
  };

  #namesIn(call: Call, path: string | Buffer): string[] {
    const tree = this.#enter(call, path);
    const found = this.#find(tree, 'scandir');
    const node = found?.target ?? found;
    if (!node) throw systemError('ENOENT', 'scandir');
    if (node.kind !== 'directory') throw systemError('ENOTDIR', 'scandir');
    return [...node.children.keys(), ...(this.ghosts.get(tree) ?? [])];
  }

  #enter(call: Call, path: string | Buffer): string {
    const native = typeof path === 'string' ? path : fsdecode(path);
    if (native !== '/root' && !native.startsWith('/root/')) throw new Error(`Outside the root: ${native}`);
    const tree = native.slice('/root/'.length);
    this.log.push(`${call} ${tree}`);
    this.before(call, tree);
    return tree;
  }

  #find(path: string, syscall: string): FakeNode | undefined {
    let node = this.root;
    for (const segment of path.split('/')) {
      if (segment === '') continue;
      const above = node.target ?? node;
      if (above.kind !== 'directory') throw systemError('ENOTDIR', syscall);
      const below = above.children.get(segment);
      if (!below) return undefined;
      node = below;
    }
    return node;
  }
}

/** Returns an error as Node throws it. */
export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: what the system says, ${syscall} '/root/x'`), { code, syscall });
}

const MODES: Record<FakeKind, number> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
  device: constants.S_IFBLK,
  unknown: 0,
};

function statOf({ kind, dev, ino }: FakeNode): BigIntStats {
  const mode = BigInt(MODES[kind] | 0o644);
  const stat = { dev, ino, mode, size: ino, mtimeNs: -1n, ctimeNs: ino + 1n };
  return { ...stat, isDirectory: () => kind === 'directory' } as BigIntStats;
}
