import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { runNode } from './support/run-node.js';
import { museTree } from './support/trees.js';
import { hasEvents } from './support/watching.js';

const canMount = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** Watches a tree in a namespace of its own, after it was prepared, and tells for each edit by what it was answered, and whether rightly. */
async function askAfterEach(root: string, prepare: string, edits: readonly string[]): Promise<unknown> {
  const script = `
    const { execFileSync } = await import('node:child_process');
    const fs = await import('node:fs');
    const { setTimeout: sleep } = await import('node:timers/promises');
    const root = ${JSON.stringify(root)};
    const mount = (...args) => execFileSync('mount', args);
    const unmount = (...args) => execFileSync('umount', args);
    ${prepare}
    // Files just made are read at each question anyway.
    await sleep(2600);
    const snapshotter = await openSnapshotter(root, { watch: true });
    await snapshotter.snapshot();
    const said = [];
    for (const edit of [() => {}, ${edits.map((edit) => `() => { ${edit} }`).join(', ')}]) {
      edit();
      const { by, id } = await snapshotter.snapshot();
      const truth = await createSnapshot(root, { cache: false });
      said.push([by, id === truth.id]);
    }
    await snapshotter.close();
    answer(said);`;
  return runNode(script, { before: 'unshare -Urm' });
}

const told = ['events', true];

describe.skipIf(!hasEvents || !canMount)('answers by events tell the truth', () => {
  it('of a directory that is in the tree twice, by a bind mount', async () => {
    const root = await museTree({ 'a/f': '1', 'a/sub/g': '1', b: {}, c: {} });
    const edits = ['a/f', 'b/f', 'a/sub/g', 'b/sub/g'].map(
      (file) => `fs.writeFileSync(root + '/${file}', 'to ${file}');`,
    );
    edits.push(
      "fs.mkdirSync(root + '/b/new'); fs.writeFileSync(root + '/b/new/h', 'h');",
      "fs.writeFileSync(root + '/a/new/h', 'written by the other name');",
      "fs.renameSync(root + '/a/sub', root + '/c/sub');",
      "fs.writeFileSync(root + '/c/sub/g', 'where it is now');",
      "fs.rmSync(root + '/b/new', { recursive: true });",
    );
    const said = await askAfterEach(root, "mount('--bind', root + '/a', root + '/b');", edits);
    expect(said).toEqual(Array(10).fill(told));
  });

  it('of a file that is mounted over another, and written elsewhere', async () => {
    const root = await museTree({ 'd/f': 'f', 'd/g': 'g', 'e/h': 'h', top: 'top' });
    const other = await museTree({ f: 'other' });
    const prepare = `
      mount('--bind', ${JSON.stringify(`${other}/f`)}, root + '/d/f');
      mount('--bind', root + '/e/h', root + '/d/g');
      mount('--bind', ${JSON.stringify(`${other}/f`)}, root + '/top');`;
    const said = await askAfterEach(root, prepare, [
      `fs.writeFileSync(${JSON.stringify(`${other}/f`)}, 'written elsewhere');`,
      `fs.writeFileSync(root + '/e/h', 'written by its first name');`,
    ]);
    expect(said).toEqual(Array(3).fill(told));
  });
});
