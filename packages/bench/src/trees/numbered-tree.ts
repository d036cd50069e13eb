import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILES_PER_DIRECTORY = 1000;
const FILE_BYTES = 1024;

/** The tree paths of a tree of numbered files, in path order: `d000/f000000.c`, a thousand files to a directory. */
export function numberedPaths(files: number): string[] {
  return Array.from({ length: files }, (_, index) => {
    const directory = String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(3, '0');
    return `d${directory}/f${String(index).padStart(6, '0')}.c`;
  });
}

/** Writes the files, of 1 KiB each. Every one holds its own path, so that no two object ids are the same. */
export function writeNumberedTree(root: string, paths: readonly string[]): void {
  for (const directory of new Set(paths.map((path) => path.slice(0, path.indexOf('/'))))) {
    mkdirSync(join(root, directory));
  }
  for (const path of paths) writeFileSync(join(root, path), numberedContent(path));
}

/** Returns the content of the file at a path. */
export function numberedContent(path: string): Buffer {
  return Buffer.alloc(FILE_BYTES, `${path}\n`);
}
