import { writeFileSync } from 'node:fs';
import { treePathToBytes } from '@muse/paths';
import { walk } from '@muse/walker';
import { loadIgnoreRules } from '@muse/walker/ignore';

/** The paths of the lists of a tree's files. */
export interface FileLists {
  /** The paths of all files below the root, each ended by NUL. */
  readonly nulList: string;
  /** The same, each ended by a line feed; paths that such a list cannot hold are left out. */
  readonly lineList: string;
}

/** The counts from listing a tree. */
export interface Listed {
  readonly files: number;
  /** The root included. */
  readonly directories: number;
  readonly bytes: number;
  readonly largestFileBytes: number;
}

/** Lists a tree as Muse sees it and writes the lists that other programs read, so that all read the same files. */
export async function listFiles(root: string, { nulList, lineList }: FileLists): Promise<Listed> {
  const { files, directories } = await walk(root, { ignore: await loadIgnoreRules(root) });
  const paths = files.map(({ path }) => Buffer.from(treePathToBytes(path)));
  // git takes a path that begins with a quote for one in quotes.
  const lines = paths.filter((path) => !path.includes('\n') && path[0] !== 0x22);
  writeFileSync(nulList, terminated(paths, '\0'));
  writeFileSync(lineList, terminated(lines, '\n'));
  return {
    files: files.length,
    directories,
    bytes: files.reduce((sum, { stat }) => sum + Number(stat.size), 0),
    largestFileBytes: files.reduce((most, { stat }) => Math.max(most, Number(stat.size)), 0),
  };
}

function terminated(paths: readonly Buffer[], end: string): Buffer {
  const terminator = Buffer.from(end);
  return Buffer.concat(paths.flatMap((path) => [path, terminator]));
}
