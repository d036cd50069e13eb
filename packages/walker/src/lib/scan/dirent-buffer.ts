import { treePathFromBytes } from '@muse/paths';

/** Offsets in a `struct linux_dirent64` of getdents64(2). */
const LENGTH = 16;
const NAME = 19;
const BYTES = 32 * 1024;
const DOT = 0x2e;

/** Where `getdents64` writes entries, for machines that write the low byte first. */
export class DirentBuffer {
  /** To be handed to the system. */
  readonly bytes = Buffer.alloc(BYTES);

  /** Adds the names in the first `length` bytes as segments of tree paths; `.` and `..` are none. */
  addNames(length: number, names: string[]): void {
    const { bytes } = this;
    for (let at = 0; at < length;) {
      const name = at + NAME;
      at += (bytes[at + LENGTH] ?? 0) | ((bytes[at + LENGTH + 1] ?? 0) << 8);
      let end = name;
      let all = 0;
      for (let byte = bytes[end] ?? 0; byte !== 0; byte = bytes[++end] ?? 0) all |= byte;
      if (bytes[name] === DOT && (end === name + 1 || (end === name + 2 && bytes[name + 1] === DOT)))
        continue;
      names.push(
        all < 0x80 ? bytes.toString('latin1', name, end) : treePathFromBytes(bytes.subarray(name, end)),
      );
    }
  }
}
