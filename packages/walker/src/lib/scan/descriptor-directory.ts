import type { Identity } from '@muse/paths';
import { DirentBuffer } from './dirent-buffer.js';
import type { LinuxCalls } from './linux-calls.js';
import { kindOfMode, mayBeEscaped, type OpenedDirectory } from './opened-directory.js';
import type { Details } from './details.js';
import { StatxRecord } from './statx-record.js';

/** A thread lists one directory at a time. */
const record = new StatxRecord();
const dirents = new DirentBuffer();

/**
 * A directory that is held open: whatever becomes of its path, each call is about this one. What the quick calls cannot
 * answer is asked of `otherwise`, so that problems read the same with them and without.
 */
export class DescriptorDirectory implements OpenedDirectory {
  readonly #calls: LinuxCalls;
  readonly #path: string | Buffer;
  readonly #descriptor: number;
  readonly #otherwise: OpenedDirectory;
  #listed = false;

  /** Closes `otherwise`, which holds the directory open. */
  constructor(calls: LinuxCalls, descriptor: number, path: string | Buffer, otherwise: OpenedDirectory) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#path = path;
    this.#otherwise = otherwise;
  }

  is(identity: Identity): boolean {
    if (this.#calls.fstatx(this.#descriptor, record.bytes) !== 0) return this.#otherwise.is(identity);
    return record.isOf(identity);
  }

  names(): readonly string[] {
    if (this.#listed && this.#calls.rewind(this.#descriptor) !== 0) return this.#otherwise.names();
    this.#listed = true;
    const names: string[] = [];
    for (;;) {
      const length = this.#calls.getdents(this.#descriptor, dirents.bytes);
      if (length < 0) return this.#otherwise.names();
      if (length === 0) return names.sort();
      dirents.addNames(length, names);
    }
  }

  stat(name: string, stats: Details): number | undefined {
    if (mayBeEscaped(name)) return this.#otherwise.stat(name, stats);
    if (this.#calls.statx(this.#descriptor, name, record.bytes) !== 0) {
      return this.#calls.isAbsent() ? undefined : this.#otherwise.stat(name, stats);
    }
    if (!record.isWhole) return this.#otherwise.stat(name, stats);
    stats.addRecord(record);
    return record.mode;
  }

  directories(): ReadonlyMap<string, boolean> | undefined {
    return this.#otherwise.directories();
  }

  isStill(identity: Identity): boolean {
    const path = this.#path;
    if (typeof path !== 'string' || this.#calls.statxPath(path, record.bytes) !== 0) {
      return this.#otherwise.isStill(identity);
    }
    return record.isOf(identity) && kindOfMode(record.mode) === 'directory';
  }

  close(): void {
    this.#otherwise.close();
  }
}
