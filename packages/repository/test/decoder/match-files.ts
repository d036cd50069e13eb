import type { CacheContents } from '@muse/stat-cache';
import { compareKey, keyEnd, lowerBound, nextLine, objectIdOffset } from '@muse/stat-cache/lines';
import { DETAIL_WORDS } from '@muse/walker/scan';
import { naivePathBytes } from './naive-path.js';
import type { NaiveEntry } from './canonical-writer.js';

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
  const lines = contents.lines;
  if (!lines) return;
  const text = Buffer.from(lines.bytes.buffer, lines.bytes.byteOffset, lines.bytes.length);
  for (const [directory, files] of directories) {
    for (const { name, entry } of files) {
      const path = directory === '' ? name : `${directory}/${name}`;
      const key = naivePathBytes(path);
      const line = key ? lowerBound(lines, key) : lines.to;
      const found = key !== undefined && line < lines.to && compareKey(lines.bytes, line, key) === 0;
      const next = found ? nextLine(lines.bytes, line) : lines.to;
      const repeated = found && next < lines.to && compareKey(lines.bytes, next, key) === 0;
      const words = new Int32Array(BigInt64Array.from(packed(entry, change)).buffer, 0, DETAIL_WORDS);
      const id =
        found && !repeated ? objectIdOffset(lines.bytes, line, keyEnd(lines.bytes, line), words, 0) : 0;
      yield { path, id: id > 0 ? text.toString('latin1', id, id + ID_LENGTH) : undefined };
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
