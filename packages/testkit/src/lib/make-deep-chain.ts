import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';

/**
 * Makes directory in directory, `depth` times, all called `name`, with a file `leaf` in the last one.
 *
 * Works beyond PATH_MAX, on Linux alone: each step goes through the open directory above it.
 */
export function makeDeepChain(
  root: string,
  { depth, name, leaf }: { depth: number; name: string; leaf: string },
): void {
  let above = openSync(root, 'r');
  for (let level = 0; level < depth; level++) {
    const path = `/proc/self/fd/${String(above)}/${name}`;
    mkdirSync(path);
    const below = openSync(path, 'r');
    closeSync(above);
    above = below;
  }
  writeFileSync(`/proc/self/fd/${String(above)}/${leaf}`, leaf);
  closeSync(above);
}
