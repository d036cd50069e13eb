import { constants, type BigIntStats } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { fsdecode, fsencode } from '@muse/testkit';
import type { HeldDirectory } from '@muse/paths';
import type { ScanCalls } from '../../src/lib/scan/open-directory.js';

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

type Call = 'names' | 'nameBytes' | 'lstat' | 'open' | 'fstat' | 'close';

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
    const tree = this.enter('lstat', path);
    const node = this.find(tree, 'lstat');
    return node && statOf(node);
  };

  #namesIn(call: Call, path: string | Buffer): string[] {
    const tree = this.enter(call, path);
    const found = this.find(tree, 'scandir');
    const node = found?.target ?? found;
    if (!node) throw systemError('ENOENT', 'scandir');
    if (node.kind !== 'directory') throw systemError('ENOTDIR', 'scandir');
    return [...node.children.keys(), ...(this.ghosts.get(this.log.at(-1)?.replace(/^\w+ /, '') ?? '') ?? [])];
  }

  /** Notes a call, and returns the tree path that it is about. */
  protected enter(call: Call, path: string | Uint8Array): string {
    const native = typeof path === 'string' ? path : fsdecode(path);
    if (native !== '/root' && !native.startsWith('/root/')) throw new Error(`Outside the root: ${native}`);
    const tree = native.slice('/root/'.length);
    this.log.push(`${call} ${tree}`);
    this.before(call, tree);
    return tree;
  }

  /** Returns what is at a tree path, links before its last segment followed. */
  protected find(path: string, syscall: string, from = this.root): FakeNode | undefined {
    let node = from;
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

/** The same calls, of a system that can hold a directory open. */
export class HeldCalls extends FakeCalls {
  readonly #held = new Map<string, { readonly node: FakeNode; readonly path: string }>();
  #next = 10;

  /** Directories that were opened and not closed. */
  get heldCount(): number {
    return this.#held.size;
  }

  readonly hold = (path: string | Uint8Array): HeldDirectory => {
    const tree = this.enter('open', path);
    const opened = this.log.at(-1)?.slice('open '.length) ?? '';
    const node = this.find(tree, 'open');
    if (!node) throw systemError('ENOENT', 'open');
    if (node.kind !== 'directory') throw systemError('ENOTDIR', 'open');
    const descriptor = this.#next++;
    const own = `/proc/self/fd/${descriptor}`;
    this.#held.set(own, { node, path: opened });
    const stat = () => {
      this.enter('fstat', own);
      return statOf(node);
    };
    return {
      path: own,
      descriptor,
      stat,
      is: ({ dev, ino }) => {
        const now = stat();
        return now.dev === dev && BigInt.asUintN(64, now.ino) === BigInt.asUintN(64, ino);
      },
      below: (name) => this.hold(`${own}/${name}`),
      close: () => {
        this.enter('close', own);
        if (!this.#held.delete(own)) throw new Error(`The code under test closed ${own} twice`);
      },
    };
  };

  /** A path through a descriptor is noted as the path that it was opened by. */
  protected override enter(call: Call, path: string | Uint8Array): string {
    const [held, rest] = this.#through(path);
    if (!held) return super.enter(call, path);
    super.enter(call, `/root/${held.path}${held.path === '' ? rest.slice(1) : rest}`);
    return typeof path === 'string' ? path : fsdecode(path);
  }

  protected override find(path: string, syscall: string): FakeNode | undefined {
    const [held, rest] = this.#through(path);
    return held ? super.find(rest, syscall, held.node) : super.find(path, syscall);
  }

  #through(path: string | Uint8Array) {
    const text = typeof path === 'string' ? path : fsdecode(path);
    const own = /^\/proc\/self\/fd\/\d+/.exec(text)?.[0];
    if (own === undefined) return [undefined, text] as const;
    const held = this.#held.get(own);
    if (!held) throw new Error(`The code under test used ${own}, which is not open`);
    return [held, text.slice(own.length)] as const;
  }
}

/** Returns an error as Node throws it; what Node itself denies has no number. */
export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  const errno = (osConstants.errno as Record<string, number | undefined>)[code];
  const error = Object.assign(new Error(`${code}: what the system says, ${syscall} '/root/x'`), {
    code,
    syscall,
  });
  return errno === undefined ? error : Object.assign(error, { errno: -errno });
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
