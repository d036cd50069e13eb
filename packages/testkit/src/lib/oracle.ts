import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { fsdecode } from './fs-encoding.js';

/** The right answer to a snapshot of a tree. */
export interface OracleAnswer {
  /** The snapshot id. */
  readonly id: string;
  /** Tree path to object id, in path order. */
  readonly manifest: Map<string, string>;
}

/**
 * Works out the snapshot of a tree the plain way, sharing no line with the packages under test.
 *
 * One file is in memory at a time. Throws at the first file or directory that cannot be read. Knows no `.museignore`.
 */
export async function oracle(root: string): Promise<OracleAnswer> {
  const files = listFiles(Buffer.from(await realpath(root)), Buffer.alloc(0));
  files.sort((a, b) => Buffer.compare(a.path, b.path));
  const manifest = new Map(files.map(({ path, id }) => [fsdecode(path), id]));
  const entries = files.map(({ path, id }) => Buffer.concat([path, Buffer.from(`\0${id}`)]));
  const joined = entries.flatMap((entry, index) => (index === 0 ? [entry] : [Buffer.from('\0'), entry]));
  return { id: sha256Id(Buffer.concat(joined)), manifest };
}

interface Found {
  readonly path: Buffer;
  readonly id: string;
}

// Calls that do not wait take an eighth of the processor time.
function listFiles(directory: Buffer, prefix: Buffer): Found[] {
  const found: Found[] = [];
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    if (name.equals(Buffer.from('.muse')) || name.equals(Buffer.from('.git'))) continue;
    const native = Buffer.concat([directory, Buffer.from('/'), name]);
    const path = Buffer.concat([prefix, name]);
    const stat = lstatSync(native);
    if (stat.isFile()) found.push({ path, id: sha256Id(readFileSync(native)) });
    if (stat.isDirectory()) {
      for (const below of listFiles(native, Buffer.concat([path, Buffer.from('/')]))) found.push(below);
    }
  }
  return found;
}

/** Returns the object id of some bytes, by `node:crypto` alone. */
export function sha256Id(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
