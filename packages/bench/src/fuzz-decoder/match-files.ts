import type { CacheContents } from '@muse/stat-cache';
import { CHANGED, matchEntries } from '@muse/stat-cache/json-v3';
import { naivePathBytes } from './naive-path.js';
import type { NaiveEntry } from './naive-reader.js';

const ID_LENGTH = 'sha256:'.length + 64;

/** A file that is asked for, with the stat that is stored for it. */
interface File {
  readonly name: string;
  readonly bytes: Buffer;
  readonly entry: NaiveEntry | undefined;
}

/** The object id that matching gave for a file. */
export interface Match {
  readonly path: string;
  /** `undefined` where it gave none. */
  readonly id: string | undefined;
}

/** Matches the files of each directory with the lines; `change` makes all their stats others than those stored. */
export function* matchFiles(
  contents: CacheContents,
  directories: Directories,
  change: bigint,
): Iterable<Match> {
  const lines = contents.sorted;
  if (!lines) return;
  const text = Buffer.from(lines.bytes.buffer, lines.bytes.byteOffset, lines.bytes.length);
  for (const [path, files] of directories) {
    const names = files.map(({ name }) => name);
    const stats = new BigInt64Array(files.flatMap(({ entry }) => packed(entry, change)));
    const out = new Uint32Array(files.length);
    const kinds = new Uint8Array(files.length);
    matchEntries(lines, { path, names, kinds, stats, from: 0, to: files.length }, out);
    for (const [index, name] of names.entries()) {
      const note = out[index] ?? 0;
      const id = note > CHANGED ? text.toString('latin1', note, note + ID_LENGTH) : undefined;
      yield { path: path === '' ? name : `${path}/${name}`, id };
    }
  }
}

/** Files by the tree path of their directory. */
export type Directories = ReadonlyMap<string, readonly File[]>;

/** The files below each directory, in path order. */
export function filesByDirectory(
  known: ReadonlyMap<string, NaiveEntry>,
  paths: readonly string[],
): Directories {
  const directories = new Map<string, File[]>();
  for (const path of new Set(paths)) {
    const bytes = naivePathBytes(path);
    if (!bytes) continue;
    const slash = path.lastIndexOf('/');
    const directory = path.slice(0, Math.max(0, slash));
    const files = directories.get(directory) ?? [];
    directories.set(directory, files);
    files.push({ name: path.slice(slash + 1), bytes, entry: known.get(path) });
  }
  for (const files of directories.values()) files.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  return directories;
}

const SECOND = 10n ** 9n;

/** Device, inode, size and times as a scan packs them; `change` makes the ctime another. */
function packed(entry: NaiveEntry | undefined, change: bigint): bigint[] {
  const { ino, size, mtimeNs, ctimeNs = 0n } = entry ?? { ino: 1n, size: 1n, mtimeNs: 1n };
  const [mtime, ctime] = [mtimeNs, ctimeNs + change].map((ns) => ((ns % SECOND) + SECOND) % SECOND) as [
    bigint,
    bigint,
  ];
  const [rests = 0n] = new BigInt64Array(Int32Array.of(Number(mtime), Number(ctime)).buffer);
  return [0n, ino, size, (mtimeNs - mtime) / SECOND, (ctimeNs + change - ctime) / SECOND, rests];
}

/** Whether a file can have this stat, as the system gives it: in numbers of 64 bits, times in seconds. */
export function isPackable({ ino, size, mtimeNs, ctimeNs }: NaiveEntry): boolean {
  const signed = [mtimeNs, ctimeNs ?? 0n].every(
    (ns) => ns >= -(2n ** 63n) * SECOND && ns < 2n ** 63n * SECOND,
  );
  return signed && [size, ino].every((number) => BigInt.asUintN(64, number) === number);
}
