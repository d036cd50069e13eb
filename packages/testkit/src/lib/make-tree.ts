import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { fsencode } from './fs-encoding.js';
import { makeFifo, makeSocket } from './special-files.js';
import { makeTempRoot } from './temp-dir.js';
import { SpecialEntry, type TreeSpec } from './tree-spec.js';

/**
 * Makes the tree that `spec` spells and returns its root: `root`, made if absent, else a new temporary directory.
 *
 * Parents are made as needed, and a hard link may stand before its target. Whoever makes a tree removes it: see
 * `removeTree` and `tempDir`.
 */
export async function makeTree(spec: TreeSpec, root: string = makeTempRoot()): Promise<string> {
  const hardlinks: { target: Buffer; path: Buffer }[] = [];
  await fill(Buffer.from(root), spec);
  for (const { target, path } of hardlinks) linkSync(target, path);
  return root;

  async function fill(directory: Buffer, entries: TreeSpec): Promise<void> {
    mkdirSync(directory, { recursive: true });
    for (const [name, node] of isMap(entries) ? entries : Object.entries(entries)) {
      const path = below(directory, name);
      const above = path.subarray(0, path.lastIndexOf('/'));
      if (above.length > directory.length) mkdirSync(above, { recursive: true });
      if (node instanceof SpecialEntry) await makeSpecial(path, node);
      else if (typeof node === 'string' || node instanceof Uint8Array) writeFileSync(path, node);
      else await fill(path, node);
    }
  }

  async function makeSpecial(path: Buffer, { kind, target }: SpecialEntry): Promise<void> {
    if (kind === 'symlink') symlinkSync(Buffer.from(bytesOf(target)), path);
    else if (kind === 'fifo') makeFifo(root, path);
    else if (kind === 'socket') await makeSocket(root, path);
    else hardlinks.push({ target: below(Buffer.from(root), target), path });
  }
}

// `instanceof` does not narrow a `ReadonlyMap`.
function isMap(spec: TreeSpec): spec is Extract<TreeSpec, ReadonlyMap<unknown, unknown>> {
  return spec instanceof Map;
}

function below(directory: Uint8Array, name: string | Uint8Array): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), bytesOf(name)]);
}

function bytesOf(name: string | Uint8Array): Uint8Array {
  return typeof name === 'string' ? fsencode(name) : name;
}
