import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSnapshot, type Snapshot } from '@muse/snapshot';
import { kernelTree, makeTree } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileFloors, findCompiler } from '../src/floors.js';
import { FLOOR, FLOOR_OF_CALLS, type Program } from '../src/results.js';
import { museTree, type MuseTree } from './support/muse-tree.js';

const FILES = 500;

function compilerHere(): Program | undefined {
  try {
    return findCompiler();
  } catch {
    return undefined;
  }
}

/** Resolves with a snapshot for which no file had to be read: a file that changed a moment ago is not stored yet. */
async function whenAllIsTrusted(root: string): Promise<Snapshot> {
  for (;;) {
    const snapshot = await createSnapshot(root);
    if (snapshot.stats.hashedFiles === 0) return snapshot;
    await sleep(50);
  }
}

const compiler = compilerHere();
const compiled = compiler && compileFloors(compiler);
const withoutHash = compiler && compileFloors(compiler, '-lno-such-library');

describe.runIf(compiled)('the floors', () => {
  const hashes = compiled?.name === FLOOR;
  let tree: MuseTree;
  let paths: readonly string[];
  let id: string;

  beforeAll(async () => {
    tree = museTree(FILES * 65_536);
    kernelTree({ root: tree.root, files: FILES });
    // A blank comes before the quote that ends a shorter path in the cache.
    await makeTree({ name: 'one', 'name below': { file: 'two' } }, tree.root);
    const snapshot = await whenAllIsTrusted(tree.root);
    ({ id } = snapshot);
    paths = [...snapshot.manifest.keys()];
  });
  afterAll(() => {
    tree[Symbol.dispose]();
  });

  function cold(floors = compiled): string {
    const input = paths.map((path) => `${path}\0`).join('');
    return execFileSync(floors?.programs.cold ?? '', ['2'], {
      cwd: tree.root,
      input,
      encoding: 'utf8',
    }).trim();
  }

  function warm(threads = 2, floors = compiled) {
    const args = [String(threads), tree.root];
    const { status, stdout, stderr } = spawnSync(floors?.programs.warm ?? '', args, { encoding: 'utf8' });
    return { status, stdout: stdout.trim(), stderr: stderr.trim() };
  }

  it.runIf(hashes)('cold reads and hashes every file', () => {
    const sum = new Uint8Array(32);
    for (const path of paths) {
      const digest = createHash('sha256')
        .update(readFileSync(join(tree.root, path)))
        .digest();
      for (const [index, byte] of digest.entries()) sum[index] = (sum[index] ?? 0) ^ byte;
    }
    expect(cold()).toBe(Buffer.from(sum).toString('hex'));
  });

  it.runIf(hashes).each([1, 2, 3])('warm makes the snapshot id on %i threads', (threads) => {
    expect(warm(threads)).toEqual({ status: 0, stdout: id, stderr: '' });
  });

  it('run without OpenSSL, too, under another name', () => {
    expect(withoutHash?.name).toBe(FLOOR_OF_CALLS);
    expect(cold(withoutHash)).toMatch(/^0{64}$/);
    expect(warm(2, withoutHash)).toMatchObject({ status: 0, stderr: '' });
  });

  it('warm ends with an error where a file is new, and where one has changed', async () => {
    const added = join(tree.root, 'zzz-added');
    writeFileSync(added, 'one');
    const refused = { status: 1, stderr: 'Cannot measure the floor: not in the cache: zzz-added' };
    expect(warm()).toMatchObject(refused);
    await whenAllIsTrusted(tree.root);
    expect(warm()).toMatchObject({ status: 0 });
    writeFileSync(added, 'two');
    expect(warm()).toMatchObject(refused);
  });
});
