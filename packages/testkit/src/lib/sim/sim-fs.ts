import { SimNode, type SimKind, type SimStat } from './sim-node.js';

/** A simulated directory that is held open. */
export interface SimHeldDirectory {
  readonly path: string;
  readonly descriptor: number;
  is(identity: { readonly dev: bigint; readonly ino: bigint }): boolean;
  stat(): never;
  below(name: string): SimHeldDirectory;
  close(): void;
}

/** Options of a simulated file system. */
export interface SimFsOptions {
  /** The tick of its stamps, nanoseconds. */
  readonly tickNs: bigint;
  /** The duration of one system call, nanoseconds. */
  readonly callNs: bigint;
  /** The most bytes one read gives, so that something can happen in the middle of a file. */
  readonly readBytes: number;
}

const DEV = 7n;
const MAX_LINKS = 8;
const DESCRIPTOR = /^\/proc\/self\/fd\/(\d+)/;

/**
 * A file system in memory, with a coarse clock of its own. Before each system call `between` is called, and may edit
 * the tree by the methods that are not calls; these take no time.
 */
export class SimFs {
  nowNs = 1_700_000_000_000_000_000n;
  /** Called before each system call and each millisecond of sleep. */
  between: (call: string) => void = () => undefined;
  /** Returns the code with which a call fails, to inject faults. A path through a descriptor is told as the one it was opened by. */
  fault: (call: string, path: string) => string | undefined = () => undefined;
  /** Inodes that were read from, and those that were opened. */
  readonly readInodes = new Set<bigint>();
  readonly openedInodes = new Set<bigint>();
  readonly #options: SimFsOptions;
  readonly #top: SimNode;
  readonly #open = new Map<number, { node: SimNode; position: number; path: string }>();
  #nextIno = 100n;
  #nextFd = 10;

  constructor(options: SimFsOptions) {
    this.#options = options;
    this.#top = this.#make('directory');
  }

  /** Descriptors that were opened and not closed. */
  get openDescriptors(): number {
    return this.#open.size;
  }

  /** The stamp that a change made now gets. */
  get stampNs(): bigint {
    return this.nowNs - (this.nowNs % this.#options.tickNs);
  }

  // Edits. Paths are absolute; what cannot be done throws as the system would.

  mkdir(path: string): SimNode {
    return this.#insert(path, this.#make('directory'));
  }

  symlink(path: string, target: string): SimNode {
    const node = this.#make('symlink');
    node.target = target;
    return this.#insert(path, node);
  }

  fifo(path: string): SimNode {
    return this.#insert(path, this.#make('fifo'));
  }

  /** Writes in place, or makes the file; stamp and bytes at once. */
  write(path: string, data: Buffer): SimNode {
    const node = this.find(path) ?? this.#insert(path, this.#make('file'));
    this.stampWrite(node);
    node.data = Buffer.from(data);
    return node;
  }

  /** Stamps a file as the kernel does when a write begins; its bytes are the caller's to change. */
  stampWrite(node: SimNode): void {
    node.mtimeNs = this.stampNs;
    node.ctimeNs = this.stampNs;
  }

  utimes(path: string, mtimeNs: bigint): void {
    const node = this.#need(path);
    node.mtimeNs = mtimeNs;
    node.ctimeNs = this.stampNs;
  }

  link(from: string, to: string): void {
    const node = this.#need(from);
    if (node.kind === 'directory') throw failure('EPERM', 'link', from);
    this.#insert(to, node);
    node.ctimeNs = this.stampNs;
  }

  /** Renames, over whatever is there, as `rename(2)` does but also over directories. */
  rename(from: string, to: string): void {
    const node = this.#need(from);
    if (to === from || to.startsWith(`${from}/`)) throw failure('EINVAL', 'rename', from);
    const target = this.#parentOf(to);
    this.#unlink(from);
    target.children.set(nameOf(to), node);
    node.ctimeNs = this.stampNs;
  }

  /** Removes a file, or a directory with all that is in it: who holds it open finds nothing there. */
  remove(path: string): void {
    const removed = [this.#unlink(path)];
    for (let node = removed.pop(); node; node = removed.pop()) {
      removed.push(...node.children.values());
      node.children.clear();
    }
  }

  /** Returns the inode at a path, links before its last segment followed. */
  find(path: string): SimNode | undefined {
    try {
      return this.#need(path);
    } catch {
      return undefined;
    }
  }

  /** Yields the regular files below a directory, by path relative to it. */
  *files(root: string, node = this.#need(root), prefix = ''): Iterable<[string, SimNode]> {
    for (const [name, child] of node.children) {
      if (child.kind === 'file') yield [prefix + name, child];
      else if (child.kind === 'directory') yield* this.files(root, child, `${prefix}${name}/`);
    }
  }

  /** Holds a directory open, by `/proc/self/fd/<N>`. */
  readonly hold = (path: string | Uint8Array): SimHeldDirectory =>
    this.#call('opendir', path, (at) => {
      const node = this.#need(at);
      if (node.kind !== 'directory') throw failure('ENOTDIR', 'open', at);
      return this.#held(node, this.#shown(at));
    });

  // System calls, of the shapes that the engine's seams have.

  readonly fileCalls = {
    lstat: (path: string | Uint8Array): never => this.#call('lstat', path, (at) => this.#need(at).stat(DEV)),
    open: (path: string | Uint8Array): number => this.#call('open', path, (at) => this.#openFile(at)),
    fstat: (fd: number): never => this.#call('fstat', '', () => this.#file(fd).node.stat(DEV)),
    read: (fd: number, buffer: Uint8Array): number => this.#call('read', '', () => this.#read(fd, buffer)),
    close: (fd: number): void => {
      this.#call('close', '', () => void this.#open.delete(fd));
    },
    hold: this.hold,
  };

  readonly scanCalls = {
    names: (path: string | Uint8Array): string[] => this.#call('readdir', path, (at) => this.#names(at)),
    nameBytes: (path: string | Uint8Array): Buffer[] =>
      this.#call('readdir', path, (at) => this.#names(at).map((name) => Buffer.from(name))),
    lstat: (path: string | Uint8Array): never => this.#call('lstat', path, (at) => this.find(at)?.stat(DEV)),
    hold: this.hold,
  };

  /** The stamp of a probe file made now. */
  readonly probe = (): Promise<{ ctimeNs: bigint; dev: bigint }> =>
    Promise.resolve(this.#call('probe', '', () => ({ ctimeNs: this.stampNs, dev: DEV })));

  /** Lets time pass in steps of a millisecond at most. */
  readonly sleep = (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left--) {
      this.nowNs += 1_000_000n;
      this.between('sleep');
    }
    return Promise.resolve();
  };

  // The callers' types ask for all of BigIntStats; `never` lets each have the part that is there.
  #call(call: string, path: string | Uint8Array, act: (path: string) => unknown): never {
    const text = typeof path === 'string' ? path : Buffer.from(path).toString();
    this.nowNs += this.#options.callNs;
    this.between(call);
    const code = this.fault(call, this.#shown(text));
    if (code !== undefined && !call.startsWith('close')) throw failure(code, call, text);
    return act(text) as never;
  }

  /** Returns a path through a descriptor as one through the path that was opened. */
  #shown(path: string): string {
    return path.replace(DESCRIPTOR, (own, fd: string) => this.#open.get(Number(fd))?.path ?? own);
  }

  #held(node: SimNode, shown: string): SimHeldDirectory {
    const fd = this.#nextFd++;
    this.#open.set(fd, { node, position: 0, path: shown });
    const path = `/proc/self/fd/${String(fd)}`;
    const stat = (): never => this.#call('fstatdir', '', () => node.stat(DEV));
    return {
      path,
      descriptor: fd,
      stat,
      is: ({ dev, ino }) => {
        const now: SimStat = stat();
        return now.dev === dev && now.ino === ino;
      },
      below: (name) => this.hold(`${path}/${name}`),
      close: () => {
        this.#call('closedir', '', () => void this.#open.delete(fd));
      },
    };
  }

  #openFile(path: string): number {
    const node = this.#need(path);
    if (node.kind === 'symlink') throw failure('ELOOP', 'open', path);
    this.openedInodes.add(node.ino);
    const fd = this.#nextFd++;
    this.#open.set(fd, { node, position: 0, path });
    return fd;
  }

  #read(fd: number, buffer: Uint8Array): number {
    const file = this.#file(fd);
    this.readInodes.add(file.node.ino);
    const count = Math.max(
      0,
      Math.min(this.#options.readBytes, buffer.length, file.node.data.length - file.position),
    );
    buffer.set(file.node.data.subarray(file.position, file.position + count));
    file.position += count;
    return count;
  }

  #names(path: string): string[] {
    const node = this.#need(path);
    // readdir follows a link in the last segment, as the system does.
    const directory = node.kind === 'symlink' ? this.#need(node.target) : node;
    if (directory.kind !== 'directory') throw failure('ENOTDIR', 'scandir', path);
    return [...directory.children.keys()];
  }

  #file(fd: number): { node: SimNode; position: number } {
    const file = this.#open.get(fd);
    if (!file) throw failure('EBADF', 'read', String(fd));
    return file;
  }

  #unlink(path: string): SimNode {
    const node = this.#need(path);
    this.#parentOf(path).children.delete(nameOf(path));
    node.ctimeNs = this.stampNs;
    return node;
  }

  #make(kind: SimKind): SimNode {
    return new SimNode(this.#nextIno++, kind, this.stampNs);
  }

  #insert(path: string, node: SimNode): SimNode {
    const { children } = this.#parentOf(path);
    if (children.has(nameOf(path))) throw failure('EEXIST', 'link', path);
    children.set(nameOf(path), node);
    return node;
  }

  #parentOf(path: string): SimNode {
    const parent = this.#need(path.slice(0, path.lastIndexOf('/')));
    if (parent.kind !== 'directory') throw failure('ENOTDIR', 'open', path);
    return parent;
  }

  #need(path: string, links = 0): SimNode {
    const [own, fd] = DESCRIPTOR.exec(path) ?? [''];
    let node = fd === undefined ? this.#top : this.#file(Number(fd)).node;
    const segments = path
      .slice(own.length)
      .split('/')
      .filter((segment) => segment !== '' && segment !== '.');
    for (const [index, segment] of segments.entries()) {
      if (node.kind !== 'directory') throw failure('ENOTDIR', 'lstat', path);
      const child = node.children.get(segment);
      if (!child) throw failure('ENOENT', 'lstat', path);
      if (child.kind === 'symlink' && index < segments.length - 1) {
        if (links === MAX_LINKS) throw failure('ELOOP', 'lstat', path);
        return this.#need([child.target, ...segments.slice(index + 1)].join('/'), links + 1);
      }
      node = child;
    }
    return node;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function failure(code: string, syscall: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, ${syscall} '${path}'`), { code, syscall, path });
}
