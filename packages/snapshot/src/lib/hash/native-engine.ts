import { treePathToBytes } from '@muse/paths';
import type { NativeRoot } from '@muse/walker/scan';
import type { FileToHash, HashEngine } from './engine.js';
import { ROW_WORDS } from './reply.js';

/** Files of one call: some 2 ms of work. */
const FILES_A_CALL = 64;
/** From this size on a file is left to the other engine, whose reads an abort ends: a call cannot be ended. 32 MiB. */
const LARGE_FILE = 32 * 1024 * 1024;

/** Hashes in short calls on Node's own pool. */
export class NativeHashEngine implements HashEngine {
  readonly #root: NativeRoot;
  readonly #other: HashEngine;
  #canHash = true;

  /** @param other - hashes what would be more than a short call, and everything where this Node gives out no SHA-256. */
  constructor(root: NativeRoot, other: HashEngine) {
    this.#root = root;
    this.#other = other;
  }

  async prepare(files: readonly { readonly size: number }[]): Promise<void> {
    this.#canHash = await this.#root.native.canHash();
    await this.#other.prepare(this.#canHash ? files.filter(isLarge) : files);
  }

  get capacity(): number {
    return this.#canHash ? this.#root.calls : this.#other.capacity;
  }

  get batchFiles(): number {
    return this.#canHash ? FILES_A_CALL : this.#other.batchFiles;
  }

  async hash(batch: readonly FileToHash[], signal: AbortSignal | undefined): Promise<Int32Array> {
    if (!this.#canHash || batch.some(isLarge)) return this.#other.hash(batch, signal);
    const reply = new Int32Array(new SharedArrayBuffer(batch.length * ROW_WORDS * 4));
    for (let done = 0; done < batch.length;) {
      signal?.throwIfAborted();
      const answered = await this.#call(batch, done, reply);
      if (answered === 0) throw new RangeError('Broken hash reply: there is no row');
      done += answered;
    }
    return reply.slice();
  }

  /** Asks for the files from one on whose directories are reached from the same base; resolves with how many were answered. */
  #call(batch: readonly FileToHash[], from: number, reply: Int32Array): Promise<number> {
    const { native, packHashRequest, descriptor } = this.#root;
    const base = batch[from]?.directory.base;
    const directories: { directory: FileToHash['directory']; files: FileToHash[] }[] = [];
    for (const file of batch.slice(from)) {
      if (file.directory.base !== base) break;
      const last = directories.at(-1);
      if (last?.directory === file.directory) last.files.push(file);
      else directories.push({ directory: file.directory, files: [file] });
    }
    const request = packHashRequest(
      directories.map(({ directory: { path, dev, ino }, files }) => ({
        dev,
        ino,
        path: treePathToBytes(base ? path.slice(base.length) : path),
        files: files.map((file) => ({ dev: file.dev, ino: file.ino, name: treePathToBytes(file.name) })),
      })),
    );
    return native.hash({
      root: base?.descriptor ?? descriptor,
      largest: Number.MAX_SAFE_INTEGER,
      request,
      reply: new Uint8Array(reply.buffer, from * ROW_WORDS * 4),
    });
  }
}

function isLarge({ size }: { readonly size: number }): boolean {
  return size >= LARGE_FILE;
}
