import { lstatSync, readFileSync } from 'node:fs';
import { treePathFromBytes, treePathToBytes } from '@muse/paths';

const MOUNT_POINT = 4;

/**
 * What is mounted at, above and below a directory when it is made. Something mounted there hides what is watched, and no event
 * tells of it.
 */
export class Mounts {
  readonly #root: string;
  readonly #lines: string;
  readonly #read: () => string;
  #table: string;
  /**
   * Tree paths of the files that something is mounted over, or of what nobody can look at. Events tell of one where its own
   * directory is, which is elsewhere.
   */
  readonly files: readonly string[];

  /** @throws the system's error where it does not tell. @param read - reads the system's table, in latin1. */
  constructor(root: string, read = readTable) {
    this.#root = Buffer.from(treePathToBytes(root)).toString('latin1');
    this.#read = read;
    this.#table = read();
    const around = this.#around(this.#table);
    this.#lines = linesOf(around);
    const below = around.filter(({ point }) => point !== this.#root && isAtOrBelow(this.#root, point));
    this.files = below.filter(({ point }) => !isDirectory(point)).map(({ point }) => this.#treePathOf(point));
  }

  /** True if all is mounted as it was; false where the system does not tell. */
  get isSame(): boolean {
    let table;
    try {
      table = this.#read();
    } catch {
      return false;
    }
    // There may be thousands elsewhere, and they hardly ever change.
    if (table === this.#table) return true;
    if (linesOf(this.#around(table)) !== this.#lines) return false;
    this.#table = table;
    return true;
  }

  #around(table: string): Mount[] {
    return table
      .split('\n')
      .map((line) => ({ line, point: unescaped(line.split(' ')[MOUNT_POINT] ?? '') }))
      .filter(
        ({ point }) => point !== '' && (isAtOrBelow(this.#root, point) || isAtOrBelow(point, this.#root)),
      );
  }

  #treePathOf(point: string): string {
    const start = this.#root === '/' ? 1 : this.#root.length + 1;
    return treePathFromBytes(Buffer.from(point.slice(start), 'latin1'));
  }
}

/** A line of the table, and its mount point in latin1. */
interface Mount {
  readonly line: string;
  readonly point: string;
}

function readTable(): string {
  return readFileSync('/proc/self/mountinfo', 'latin1');
}

function linesOf(mounts: readonly Mount[]): string {
  return mounts.map(({ line }) => line).join('\n');
}

/** Reads a path as the table spells it: which bytes it escapes differs from kernel to kernel. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function isAtOrBelow(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? directory : `${directory}/`);
}

/** Returns whether a path is known to lead to a directory. */
function isDirectory(path: string): boolean {
  try {
    return lstatSync(Buffer.from(path, 'latin1')).isDirectory();
  } catch {
    return false;
  }
}
