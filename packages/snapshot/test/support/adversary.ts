import { SimFs, type SimNode } from '@muse/testkit';
import { blobId, type ObjectId } from '@muse/stat-cache';

/** One thing that happens to a simulated tree, some system calls after the one before it. */
export interface Edit {
  readonly after: number;
  readonly kind: (typeof EDIT_KINDS)[number];
  /** Indexes into {@link PATHS}. */
  readonly path: number;
  readonly other: number;
  /** A size for what is written, or a time for what is touched. */
  readonly amount: number;
}

export const EDIT_KINDS = [
  'write',
  'write-same-size',
  'write-and-restore-mtime',
  'slow-write',
  'rename',
  'remove',
  'mkdir',
  'symlink-out',
  'symlink-in',
  'fifo',
  'touch',
  'hard-link',
  'swap-for-link',
  'pass-time',
] as const;

export const PATHS = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'd/e/b', 'f', 'f/a'] as const;

export const ROOT = '/r';
const OUTSIDE = '/out';
/** Less than the quiet time of the smallest file: a slower write is not promised anything. */
const SLOWEST_WRITE_NS = 19_000_000n;

interface SlowWrite {
  readonly node: SimNode;
  readonly data: Buffer;
  readonly endNs: bigint;
  done: number;
}

/** Edits a tree at chosen moments, and remembers every content that each path ever had. */
export class Adversary {
  readonly sim: SimFs;
  readonly #edits: Edit[];
  /** The files that each path led to since `begin`, and what each of those held. */
  readonly #files = new Map<string, Set<SimNode>>();
  readonly #contents = new Map<SimNode, Set<ObjectId>>();
  readonly #outside = new Set<bigint>();
  readonly #halfWritten = new Set<SimNode>();
  #slow: SlowWrite[] = [];
  #calls = 0;
  #version = 0;

  constructor(sim: SimFs, edits: readonly Edit[]) {
    this.sim = sim;
    this.#edits = [...edits];
    sim.mkdir(ROOT);
    sim.mkdir(OUTSIDE);
    for (const name of ['a', 'b', 'e'])
      this.#outside.add(sim.write(`${OUTSIDE}/${name}`, this.#content(8)).ino);
    sim.mkdir(`${ROOT}/d`);
    for (const path of ['a', 'b', 'd/a']) sim.write(`${ROOT}/${path}`, this.#content(8));
    this.#remember();
    sim.between = () => {
      this.#step();
    };
  }

  /** Ends what is going on and does what was still to be done, at once. */
  finish(): void {
    this.sim.between = () => undefined;
    for (const edit of this.#edits.splice(0)) this.#apply(edit);
    this.#advance(Infinity);
    this.#remember();
  }

  /** Begins a snapshot: from here on it may see what is there now, and whatever comes. */
  begin(): void {
    this.#files.clear();
    this.#contents.clear();
    this.#halfWritten.clear();
    this.#remember();
  }

  /** Returns what is in the tree now. */
  truth(): Map<string, ObjectId> {
    const files = [...this.sim.files(ROOT)].map(([path, node]) => [path, blobId(node.data)] as const);
    return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * Whether a file that this path led to had this content since `begin`, or was half written then. Both need not have
   * been at the same moment: a file that is open when a directory above it is renamed is still read.
   */
  wasTrue(path: string, id: ObjectId): boolean {
    const files = [...(this.#files.get(path) ?? [])];
    return files.some((file) => this.#halfWritten.has(file) || this.#contents.get(file)?.has(id));
  }

  /** Whether a file outside the root was read. */
  get readOutside(): boolean {
    return [...this.#outside].some((ino) => this.sim.readInodes.has(ino));
  }

  #step(): void {
    if (++this.#calls > 100_000) throw new Error('The engine does not come to an end');
    this.#advance(1);
    for (let next = this.#edits[0]; next && next.after <= 0; next = this.#edits[0]) {
      this.#edits.shift();
      this.#apply(next);
    }
    const [next] = this.#edits;
    if (next) this.#edits[0] = { ...next, after: next.after - 1 };
    this.#remember();
  }

  #apply({ kind, path, other, amount }: Edit): void {
    const { sim } = this;
    const at = `${ROOT}/${PATHS[path % PATHS.length] ?? 'a'}`;
    const to = `${ROOT}/${PATHS[other % PATHS.length] ?? 'b'}`;
    // What lies behind a link to the outside is not this tree's to edit.
    if (this.#isOutside(at) || this.#isOutside(to)) return;
    const file = () => {
      const node = sim.find(at);
      return node?.kind === 'file' ? node : undefined;
    };
    try {
      if (kind === 'write') this.#write(at, this.#content(amount % 40));
      else if (kind === 'write-same-size') this.#write(at, this.#content(file()?.data.length ?? 8));
      else if (kind === 'write-and-restore-mtime') this.#writeUnderTheSameMtime(at, file());
      else if (kind === 'slow-write') this.#slowWrite(file());
      else if (kind === 'rename') sim.rename(at, to);
      else if (kind === 'remove') sim.remove(at);
      else if (kind === 'mkdir') sim.mkdir(at);
      else if (kind === 'symlink-out') sim.symlink(at, OUTSIDE);
      else if (kind === 'symlink-in') sim.symlink(at, to);
      else if (kind === 'fifo') sim.fifo(at);
      else if (kind === 'touch') sim.utimes(at, TIMES[amount % TIMES.length] ?? sim.nowNs);
      else if (kind === 'hard-link') sim.link(at, to);
      else if (kind === 'swap-for-link') this.#swap(at);
      else sim.nowNs += BigInt(amount) * 1_000_000n;
    } catch {
      // Not possible in this tree: then it does not happen.
    }
  }

  /** A write through a link or into a special file is none to a file of the tree. */
  #write(at: string, data: Buffer): void {
    if ((this.sim.find(at)?.kind ?? 'file') === 'file') this.sim.write(at, data);
  }

  #isOutside(at: string): boolean {
    const parent = at.slice(0, at.lastIndexOf('/'));
    return this.sim.find(parent)?.kind !== 'directory' || this.#outside.has(this.sim.find(at)?.ino ?? -1n);
  }

  /** What `cp -p`, `tar` and `touch -r` do to a file. */
  #writeUnderTheSameMtime(at: string, node: SimNode | undefined): void {
    if (!node) return;
    const { mtimeNs } = node;
    this.#write(at, this.#content(node.data.length));
    this.sim.utimes(at, mtimeNs);
  }

  #slowWrite(node: SimNode | undefined): void {
    if (!node) return;
    this.sim.stampWrite(node);
    const data = this.#content(Math.max(8, node.data.length));
    if (node.data.length !== data.length)
      node.data = Buffer.concat([node.data, data]).subarray(0, data.length);
    this.#slow.push({ node, data, endNs: this.sim.nowNs + SLOWEST_WRITE_NS, done: 0 });
  }

  #swap(at: string): void {
    if (this.sim.find(at)?.kind !== 'directory') return;
    this.sim.rename(at, `${at}-aside`);
    this.sim.symlink(at, OUTSIDE);
  }

  /** Moves slow writes on by some bytes; those that would take too long end now. */
  #advance(bytes: number): void {
    for (const write of this.#slow) {
      const count = write.endNs <= this.sim.nowNs + 6_000_000n ? Infinity : bytes;
      const end = Math.min(write.data.length, write.done + count);
      const data = Buffer.from(write.node.data);
      write.data.copy(data, write.done, write.done, Math.min(end, data.length));
      write.node.data = data;
      write.done = end;
    }
    this.#slow = this.#slow.filter(({ done, data }) => done < data.length);
  }

  #remember(): void {
    for (const { node } of this.#slow) this.#halfWritten.add(node);
    for (const [path, node] of this.sim.files(ROOT)) {
      this.#files.set(path, (this.#files.get(path) ?? new Set()).add(node));
      if (!this.#contents.has(node)) this.#contents.set(node, new Set());
    }
    for (const [node, ids] of this.#contents) ids.add(blobId(node.data));
  }

  #content(size: number): Buffer {
    return Buffer.from(
      String(++this.#version)
        .padStart(size, '.')
        .slice(-size || undefined),
    );
  }
}

const TIMES = [0n, -1_500_000_000n, 1_000_000_000n, 4_000_000_000_000_000_000n, 2n ** 33n * 1_000_000_000n];
