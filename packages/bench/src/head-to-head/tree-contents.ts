import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { BUSY_FILE, type Contents } from './types.js';

/** The names under which the tools keep their own files in a tree. */
const NOT_IN_THE_TREE = new Set(['.git', '.hg', '.hg_archival.txt', '.muse', BUSY_FILE]);

/** Returns what the files below a directory hold, read afresh; files that may not be read are left out. */
export function treeContents(root: string | Buffer): Contents {
  const contents = new Map<string, string>();
  collect(Buffer.from(root), '');
  return contents;

  function collect(directory: Buffer, prefix: string): void {
    for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
      const name = entry.name.toString('latin1');
      if (NOT_IN_THE_TREE.has(name)) continue;
      const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) collect(path, `${prefix}${name}/`);
      else if (entry.isFile()) contents.set(prefix + name, digest(readFileSync(path)));
    }
  }
}

/** Returns the SHA-256 of some bytes, in hex. */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Returns whether two contents have the same names with the same content. */
export function areSame(a: Contents | undefined, b: Contents): boolean {
  return a?.size === b.size && [...b].every(([name, bytes]) => a.get(name) === bytes);
}
